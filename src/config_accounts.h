/*
 * config_accounts.h - users and groups, from the text of /etc/passwd and
 * /etc/group (passwd(5), group(5)) without the C library's name services,
 * which a static program in an empty image does not have.
 */
#ifndef CONFIG_ACCOUNTS_H
#define CONFIG_ACCOUNTS_H

#include "base/error.h"
#include "base/span.h"
#include "config.h"
#include "io/privilege.h"

/*
 * what is "NAME" or "UID", with ":GROUP" or ":GID" after it. passwd and group
 * are the two files' contents. A name's group and supplementary groups are
 * those of the files; with ":GROUP" it is that group alone. A UID that no line
 * has needs none: its group is the same number. Digits are always a number.
 * ERR_USAGE: e says which name is not there, or what is wrong.
 */
enum err accounts_find(struct account *out, const char *what,
	struct span passwd, struct span group, struct error *e) NODISCARD;

/* The same, with the files of this system; one that is missing is empty. */
enum err accounts_look_up(
	struct account *out, const char *what, struct error *e) NODISCARD;

/* Add "USER,UID,..." to *set; "any" lets everybody in. */
enum err accounts_add_uids(
	struct uid_set *set, const char *text, struct error *e) NODISCARD;

#endif
