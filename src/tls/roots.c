/*
 * roots.c - the certificate authorities that Google's API certificates come
 * from, compiled in (vendor/roots names them), so that an image without a CA
 * file works. Nobody else's.
 */
#include "tls/x509.h"

#include <stdint.h>

#include "roots_data.h"

enum err
x509_anchors_builtin(struct x509_anchors *a, struct error *e)
{
	return x509_anchors_from_der(
		a, span_of(roots_der, sizeof(roots_der)), false, e);
}
