/*
 * trim.h - give back memory that only the start needed.
 */
#ifndef INIT_TRIM_H
#define INIT_TRIM_H

/*
 * Unmap the pages of our own program file, of which those in use come back by
 * themselves from the page cache, and those of the stack that only the start
 * used. What else has been written to stays.
 */
void trim_program(void);

#endif
