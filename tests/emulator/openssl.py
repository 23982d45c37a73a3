"""What OpenSSL can do and Python's ssl module does not offer.

Reaches the SSL_CTX and SSL pointers behind Python's objects through ctypes.
They are the first fields after the object header in CPython 3.11, which
this was tried with.  Only the settings "suites", "groups" and
"key_update_after" come here.
"""

import ctypes
import ssl

_HEADER = object.__basicsize__
_POINTER = ctypes.sizeof(ctypes.c_void_p)


class Unsupported(RuntimeError):
    pass


def _library():
    # The library that _ssl itself is linked with, not just any of the name.
    import _ssl
    lib = ctypes.CDLL(_ssl.__file__)
    for name, args in (
            ("SSL_CTX_set_ciphersuites", [ctypes.c_void_p, ctypes.c_char_p]),
            ("SSL_CTX_ctrl", [ctypes.c_void_p, ctypes.c_int, ctypes.c_long,
                              ctypes.c_void_p]),
            ("SSL_key_update", [ctypes.c_void_p, ctypes.c_int])):
        function = getattr(lib, name)
        function.argtypes = args
        function.restype = ctypes.c_long
    return lib


try:
    _LIB = _library()
except (OSError, AttributeError, ImportError):
    _LIB = None

_SET_GROUPS_LIST = 92       # SSL_CTRL_SET_GROUPS_LIST
_UPDATE_REQUESTED = 1       # SSL_KEY_UPDATE_REQUESTED


def _lib():
    if _LIB is None:
        raise Unsupported("this Python's ssl module hides its OpenSSL")
    return _LIB


def _context_pointer(context):
    return ctypes.c_void_p.from_address(id(context) + _HEADER)


def _connection_pointer(ssl_object):
    # PySSLSocket: header, weak reference to the socket, SSL *.
    inner = ssl_object._sslobj
    return ctypes.c_void_p.from_address(id(inner) + _HEADER + _POINTER)


def set_suites(context, names):
    if _lib().SSL_CTX_set_ciphersuites(_context_pointer(context),
                                       names.encode()) != 1:
        raise Unsupported(f"cipher suites {names!r} refused")


def set_groups(context, names):
    if _lib().SSL_CTX_ctrl(_context_pointer(context), _SET_GROUPS_LIST, 0,
                           names.encode()) != 1:
        raise Unsupported(f"groups {names!r} refused")


def key_update(ssl_object):
    """The KeyUpdate goes out with the next write."""
    if _lib().SSL_key_update(_connection_pointer(ssl_object),
                             _UPDATE_REQUESTED) != 1:
        raise Unsupported("KeyUpdate refused")


def server_context(chain_file, tls="1.3", groups=None, suites=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    version = ssl.TLSVersion.TLSv1_2 if tls == "1.2" \
        else ssl.TLSVersion.TLSv1_3
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(chain_file)
    if groups:
        set_groups(context, groups)
    if suites:
        set_suites(context, suites)
    return context
