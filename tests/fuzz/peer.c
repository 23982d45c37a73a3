/*
 * peer.c - the unit tests' server in memory, for fuzz_tls13.
 */
#include "../unit/peer.c"
