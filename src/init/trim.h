/*
 * trim.h - give back memory that only the start needed.
 */
#ifndef INIT_TRIM_H
#define INIT_TRIM_H

/*
 * Unmap the pages of our own program file; those in use come back by
 * themselves, from the page cache. What has been written to stays.
 */
void trim_program(void);

#endif
