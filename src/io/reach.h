/*
 * reach.h - what another user may read.
 */
#ifndef IO_REACH_H
#define IO_REACH_H

#include "io/privilege.h"

#include <stdbool.h>

/*
 * The kernel would let that account open path for reading: modes, groups,
 * access control lists and folders on the way counted. False where account is
 * not set. As root the question is asked as the account; else it is us.
 */
bool reach_can_read(const struct account *account, const char *path);

#endif
