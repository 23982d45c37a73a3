/*
 * proxy.c - the proxies' variables. Pure; looks at no environment.
 */
#include "wire/proxy.h"

#include "base/encode.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <string.h>

static size_t
find_text(struct span s, const char *what)
{
	const uint8_t *p =
		s.len == 0 ? NULL : memmem(s.data, s.len, what, strlen(what));

	return p == NULL ? s.len : (size_t)(p - s.data);
}

static struct span
behind(struct span s, size_t n)
{
	return n >= s.len ? span_of(NULL, 0) : span_of(s.data + n, s.len - n);
}

static enum err
read_scheme(struct proxy *p, struct span scheme, uint16_t *port)
{
	p->kind = PROXY_HTTP;
	*port = 80;
	if (span_equal_case_str(scheme, "http"))
		return ERR_OK;
	p->kind = PROXY_SOCKS5;
	*port = 1080;
	if (span_equal_case_str(scheme, "socks5") ||
		span_equal_case_str(scheme, "socks5h"))
		return ERR_OK;
	return ERR_CONFIG;
}

static enum err
read_secret(char out[PROXY_AUTH_MAX], struct span text)
{
	struct writer w = writer_over(out, PROXY_AUTH_MAX - 1);
	enum err result = decode_percent(&w, text);

	out[w.len] = '\0';
	if (result == ERR_OK && memchr(out, 0, w.len) != NULL)
		result = ERR_PARSE;
	return result;
}

/* USER[:PASSWORD]; *text goes on behind the @. */
static enum err
read_user(struct proxy *p, struct span *text)
{
	size_t at = text->len;
	struct span user;
	size_t colon;

	while (at > 0 && text->data[at - 1] != '@')
		at--;
	if (at == 0)
		return ERR_OK;
	user = span_of(text->data, at - 1);
	*text = behind(*text, at);
	colon = find_text(user, ":");
	if (read_secret(p->user, span_of(user.data, colon)) != ERR_OK)
		return ERR_PARSE;
	return read_secret(p->password, behind(user, colon + 1));
}

enum err
proxy_parse(struct proxy *p, struct span text)
{
	size_t scheme = find_text(text, "://");
	uint16_t port = 80;
	enum err result = ERR_OK;

	memset(p, 0, sizeof(*p));
	if (scheme < text.len) {
		result = read_scheme(p, span_of(text.data, scheme), &port);
		text = behind(text, scheme + 3);
	}
	text.len = find_text(text, "/");
	if (result == ERR_OK)
		result = read_user(p, &text);
	if (result == ERR_OK)
		result = url_parse_authority(&p->at, text, port);
	if (result != ERR_OK)
		mem_wipe(p, sizeof(*p));
	return result;
}

static bool
is_loopback(const struct url *to)
{
	static const uint8_t one[16] = {[15] = 1};

	if (to->ip_len == 4)
		return to->ip[0] == 127;
	if (to->ip_len == 16)
		return memcmp(to->ip, one, sizeof(one)) == 0;
	return strcmp(to->host, "localhost") == 0;
}

/* Bytes of an address, 4 or 16, without brackets; 0: it is none. */
static size_t
read_ip(struct span s, uint8_t ip[16])
{
	char text[INET6_ADDRSTRLEN];

	if (s.len == 0 || s.len >= sizeof(text) ||
		memchr(s.data, 0, s.len) != NULL)
		return 0;
	memcpy(text, s.data, s.len);
	text[s.len] = '\0';
	return url_read_ip(text, ip);
}

/* ADDRESS/BITS holds to's address. */
static bool
is_in_network(struct span entry, size_t slash, const struct url *to)
{
	struct span digits = behind(entry, slash + 1);
	uint8_t network[16];
	size_t bits = 0;

	if (to->ip_len == 0 ||
		read_ip(span_of(entry.data, slash), network) != to->ip_len ||
		digits.len == 0 || digits.len > 3)
		return false;
	for (size_t i = 0; i < digits.len; i++) {
		if (digits.data[i] < '0' || digits.data[i] > '9')
			return false;
		bits = bits * 10 + (size_t)(digits.data[i] - '0');
	}
	if (bits > to->ip_len * 8)
		return false;
	for (size_t i = 0; i < bits; i++) {
		if (((network[i / 8] ^ to->ip[i / 8]) >> (7 - i % 8) & 1) != 0)
			return false;
	}
	return true;
}

static bool
matches_name(struct span entry, const struct url *to)
{
	bool below_only = entry.len > 0 && entry.data[0] == '.';
	size_t len = strlen(to->host);
	struct url name;
	size_t n;

	if (below_only)
		entry = behind(entry, 1);
	if (url_parse_authority(&name, entry, to->port) != ERR_OK ||
		name.port != to->port)
		return false;
	if (name.ip_len > 0)
		return name.ip_len == to->ip_len &&
		       memcmp(name.ip, to->ip, to->ip_len) == 0;
	n = strlen(name.host);
	if (to->ip_len > 0 || n > len ||
		memcmp(to->host + len - n, name.host, n) != 0)
		return false;
	return n == len ? !below_only : to->host[len - n - 1] == '.';
}

static bool
matches(struct span entry, const struct url *to)
{
	size_t slash = find_text(entry, "/");
	uint8_t ip[16];
	size_t ip_len = read_ip(entry, ip);

	if (span_equal_str(entry, "*"))
		return true;
	if (slash < entry.len)
		return is_in_network(entry, slash, to);
	if (ip_len > 0)
		return ip_len == to->ip_len && memcmp(ip, to->ip, ip_len) == 0;
	if (entry.len >= 2 && entry.data[0] == '*' && entry.data[1] == '.')
		entry = behind(entry, 1);
	return matches_name(entry, to);
}

static struct span
trimmed(struct span s)
{
	while (s.len > 0 && s.data[0] == ' ')
		s = behind(s, 1);
	while (s.len > 0 && s.data[s.len - 1] == ' ')
		s.len--;
	return s;
}

bool
proxy_is_listed(struct span list, const struct url *to)
{
	while (list.len > 0) {
		size_t end = find_text(list, ",");

		if (matches(trimmed(span_of(list.data, end)), to))
			return true;
		list = behind(list, end + 1);
	}
	return false;
}

bool
proxy_is_bypassed(struct span list, const struct url *to)
{
	return is_loopback(to) || proxy_is_listed(list, to);
}
