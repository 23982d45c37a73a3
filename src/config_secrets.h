/*
 * config_secrets.h - which variables of the environment hold secrets of ours.
 */
#ifndef CONFIG_SECRETS_H
#define CONFIG_SECRETS_H

#include <stdbool.h>

/* variable ("NAME=value") is a secret of ours and not for the app. */
bool config_is_secret(const char *variable);

#endif
