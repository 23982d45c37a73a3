/*
 * url.c - endpoint parsing. Pure: no look-up, no file, no allocation.
 */
#include "wire/url.h"

#include <arpa/inet.h>
#include <string.h>

#define LABEL_MAX      63
#define NAME_MAX_BYTES 253

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool
url_is_name(struct span s)
{
	size_t label = 0;
	bool numeric = true; /* the label up to here has only digits */

	if (s.len > 0 && s.data[s.len - 1] == '.')
		s.len--;
	if (s.len == 0 || s.len > NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];

		if (c == '.') {
			if (label == 0 || s.data[i - 1] == '-')
				return false;
			label = 0;
			numeric = true;
			continue;
		}
		if (!is_letter(c) && !is_digit(c) && c != '_' &&
			(c != '-' || label == 0))
			return false;
		if (++label > LABEL_MAX)
			return false;
		numeric = numeric && is_digit(c);
	}
	return label > 0 && !numeric && s.data[s.len - 1] != '-';
}

size_t
url_read_ip(const char *text, uint8_t ip[16])
{
	if (inet_pton(AF_INET, text, ip) == 1)
		return 4;
	return inet_pton(AF_INET6, text, ip) == 1 ? 16 : 0;
}

/* host is NUL-terminated in u->host; tell names and addresses apart. */
static enum err
classify(struct url *u, bool bracketed)
{
	struct span host = span_str(u->host);

	u->ip_len = url_read_ip(u->host, u->ip);
	if (bracketed || u->ip_len == 16)
		return bracketed && u->ip_len == 16 ? ERR_OK : ERR_PARSE;
	if (u->ip_len == 4)
		return ERR_OK;
	if (!url_is_name(host))
		return ERR_PARSE;
	for (size_t i = 0; i < host.len; i++) {
		if (u->host[i] >= 'A' && u->host[i] <= 'Z')
			u->host[i] = (char)(u->host[i] - 'A' + 'a');
	}
	if (u->host[host.len - 1] == '.')
		u->host[host.len - 1] = '\0';
	return ERR_OK;
}

static enum err
set_host(struct url *u, struct span host, bool bracketed)
{
	if (host.len == 0 || host.len >= sizeof(u->host) ||
		memchr(host.data, 0, host.len) != NULL)
		return ERR_PARSE;
	memcpy(u->host, host.data, host.len);
	u->host[host.len] = '\0';
	return classify(u, bracketed);
}

static enum err
set_port(struct url *u, struct span text)
{
	uint32_t port = 0;

	if (text.len == 0 || text.len > 5)
		return ERR_PARSE;
	for (size_t i = 0; i < text.len; i++) {
		if (!is_digit(text.data[i]))
			return ERR_PARSE;
		port = port * 10 + (uint32_t)(text.data[i] - '0');
	}
	if (port == 0 || port > UINT16_MAX)
		return ERR_PARSE;
	u->port = (uint16_t)port;
	return ERR_OK;
}

static size_t
find(struct span s, uint8_t c)
{
	const uint8_t *p = s.len == 0 ? NULL : memchr(s.data, c, s.len);

	return p == NULL ? s.len : (size_t)(p - s.data);
}

/* host, host:port, [v6] or [v6]:port */
static enum err
authority(struct url *u, struct span s)
{
	bool bracketed = s.len > 0 && s.data[0] == '[';
	struct reader r = reader_over(s);
	struct span host;

	if (bracketed) {
		(void)read_u8(&r);
		host = read_bytes(&r, find(span_of(r.at, r.left), ']'));
		(void)read_u8(&r);
	} else {
		host = read_bytes(&r, find(s, ':'));
	}
	if (!reader_ok(&r) || set_host(u, host, bracketed) != ERR_OK)
		return ERR_PARSE;
	if (r.left == 0)
		return ERR_OK;
	if (read_u8(&r) != ':')
		return ERR_PARSE;
	return set_port(u, span_of(r.at, r.left));
}

/* RFC 3986 section 3.3 without percent-encoding, which no endpoint needs. */
static bool
is_path(struct span s)
{
	static const char marks[] = "-._~!$&'()*+,;=:@/";

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];

		if (!is_letter(c) && !is_digit(c) &&
			(c == 0 || strchr(marks, c) == NULL))
			return false;
	}
	return true;
}

enum err
url_parse(struct url *u, struct span text)
{
	static const char https[] = "https://";
	static const char http[] = "http://";
	struct reader r = reader_over(text);
	struct span scheme;
	struct span path;

	memset(u, 0, sizeof(*u));
	scheme = read_bytes(&r, find(text, '/') + 2 < text.len
					? find(text, '/') + 2
					: text.len);
	if (span_equal_case_str(scheme, https)) {
		u->scheme = URL_HTTPS;
		u->port = 443;
	} else if (span_equal_case_str(scheme, http)) {
		u->scheme = URL_HTTP;
		u->port = 80;
	} else {
		return ERR_PARSE;
	}
	path = span_of(r.at, r.left);
	if (authority(u, read_bytes(&r, find(path, '/'))) != ERR_OK)
		return ERR_PARSE;
	path = span_of(r.at, r.left);
	while (path.len > 0 && path.data[path.len - 1] == '/')
		path.len--;
	u->path = path;
	return is_path(path) ? ERR_OK : ERR_PARSE;
}

enum err
url_parse_authority(struct url *u, struct span text, uint16_t port_default)
{
	memset(u, 0, sizeof(*u));
	u->scheme = URL_HTTP;
	u->port = port_default;
	u->path = span_of(NULL, 0);
	return authority(u, text);
}

void
url_write_host(struct writer *w, const struct url *u)
{
	char digits[5];
	size_t n = 0;
	uint16_t own = u->scheme == URL_HTTPS ? 443 : 80;

	if (u->ip_len == 16)
		write_u8(w, '[');
	write_str(w, u->host);
	if (u->ip_len == 16)
		write_u8(w, ']');
	if (u->port == own)
		return;
	for (unsigned p = u->port; p > 0; p /= 10)
		digits[n++] = (char)('0' + p % 10);
	write_u8(w, ':');
	while (n > 0)
		write_u8(w, (uint8_t)digits[--n]);
}
