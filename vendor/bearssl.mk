# Which files of BearSSL are built, and how. Included by the Makefile.
#
# A file that is not named here is not in the program, whatever calls it:
#   ssl               its TLS 1.2 engine; ours is in src/tls
#   sysrng            its system seeder, which in 0.6 trusts RDRAND alone;
#                     without it no random byte can come but from getrandom(2)
#   md5, sha1, x509_minimal_full (which accepts them in signatures), des,
#   aes_big, aes_small (table lookups at secret positions)
#   ccm, eax, cbc, ctrcbc, oaep, hmac_ct    nothing in TLS 1.3 as we speak it
#   i15, m15, i32, ctmul32, aes_ct, pwr8    for other processors; what remains
#                     has 64-bit C and AES-NI, PCLMULQDQ and SSE2 code that is
#                     chosen at run time
#
# What runs per byte, and the exponentiation of RSA, is built for speed. The
# rest is built for size: at -O2 it is 10 kB larger, and not measurably faster.

BEARSSL_FAST := \
	hash/ghash_pclmul \
	int/i62_modpow2 \
	symcipher/aes_ct64_ctr symcipher/aes_ct64_enc \
	symcipher/aes_x86ni_ctr symcipher/chacha20_sse2 \
	symcipher/poly1305_ctmulq

BEARSSL_SMALL := \
	aead/gcm \
	codec/ccopy codec/dec16be codec/dec16le codec/dec32be codec/dec32le \
	codec/dec64be codec/dec64le codec/enc16be codec/enc16le \
	codec/enc32be codec/enc32le codec/enc64be codec/enc64le codec/pemdec \
	codec/pemenc \
	ec/ec_all_m31 ec/ec_c25519_i31 ec/ec_c25519_m31 ec/ec_curve25519 \
	ec/ec_default ec/ec_keygen ec/ec_p256_m31 ec/ec_prime_i31 \
	ec/ec_pubkey ec/ec_secp256r1 ec/ec_secp384r1 ec/ec_secp521r1 \
	ec/ecdsa_atr ec/ecdsa_default_sign_asn1 ec/ecdsa_default_sign_raw \
	ec/ecdsa_default_vrfy_asn1 ec/ecdsa_default_vrfy_raw \
	ec/ecdsa_i31_bits ec/ecdsa_i31_sign_asn1 ec/ecdsa_i31_sign_raw \
	ec/ecdsa_i31_vrfy_asn1 ec/ecdsa_i31_vrfy_raw ec/ecdsa_rta \
	hash/dig_oid hash/dig_size hash/ghash_ctmul64 hash/mgf1 \
	hash/multihash hash/sha2big hash/sha2small \
	int/i31_add int/i31_bitlen int/i31_decmod int/i31_decode \
	int/i31_decred int/i31_encode int/i31_fmont int/i31_iszero \
	int/i31_moddiv int/i31_modpow int/i31_modpow2 int/i31_montmul \
	int/i31_mulacc int/i31_muladd int/i31_ninv31 int/i31_reduce \
	int/i31_rshift int/i31_sub int/i31_tmont int/i32_div32 \
	kdf/hkdf \
	mac/hmac \
	rand/aesctr_drbg rand/hmac_drbg \
	rsa/rsa_default_keygen rsa/rsa_default_pkcs1_sign \
	rsa/rsa_default_pkcs1_vrfy rsa/rsa_default_priv \
	rsa/rsa_default_privexp rsa/rsa_default_pub rsa/rsa_default_pubexp \
	rsa/rsa_i31_keygen rsa/rsa_i31_keygen_inner rsa/rsa_i31_pkcs1_sign \
	rsa/rsa_i31_pkcs1_vrfy rsa/rsa_i31_priv rsa/rsa_i31_privexp \
	rsa/rsa_i31_pub rsa/rsa_i31_pubexp rsa/rsa_i62_keygen \
	rsa/rsa_i62_pkcs1_sign rsa/rsa_i62_pkcs1_vrfy rsa/rsa_i62_priv \
	rsa/rsa_i62_pub rsa/rsa_pkcs1_sig_pad rsa/rsa_pkcs1_sig_unpad \
	settings \
	symcipher/aes_common symcipher/aes_ct64 symcipher/aes_ct64_dec \
	symcipher/aes_x86ni symcipher/chacha20_ct symcipher/poly1305_ctmul \
	x509/asn1enc x509/encode_ec_rawder x509/encode_rsa_rawder \
	x509/skey_decoder x509/x509_decoder x509/x509_knownkey \
	x509/x509_minimal
