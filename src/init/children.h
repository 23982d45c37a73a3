/*
 * children.h - what waitpid tells: the app, our roles, and everybody's orphans.
 */
#ifndef INIT_CHILDREN_H
#define INIT_CHILDREN_H

#include "init/init.h"

/*
 * Take what is there while in->reap is set. Signals coalesce, so that is until
 * there is nothing; but a bounded number per turn, so that a flood of zombies
 * does not keep everybody else waiting.
 */
void children_reap(struct init *in);

#endif
