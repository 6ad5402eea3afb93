#ifndef PENSTOCK_COPENSSL_SHIM_H
#define PENSTOCK_COPENSSL_SHIM_H

/* OpenSSL 3.0 deprecates SHA256_Init and its kin in favour of EVP_Digest, which looks the algorithm up under a lock
   and allocates. Credentials are hashed on every tool call, so the wrappers below keep the old interface and its
   context on the stack. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/sha.h>
#include <openssl/rand.h>
#include <openssl/crypto.h>
#include "x509.h"

/* None of the five can fail: SHA256_* return 1 always (SHA256_Init(3), "RETURN VALUES"). */

static inline void penstock_sha256(const void *bytes, size_t count, void *digest) {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, bytes, count);
    SHA256_Final((unsigned char *)digest, &context);
}

static inline void penstock_sha256_prefixed(unsigned char prefix, const void *bytes, size_t count, void *digest) {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, &prefix, 1);
    SHA256_Update(&context, bytes, count);
    SHA256_Final((unsigned char *)digest, &context);
}

static inline void penstock_sha256_init(SHA256_CTX *context) { SHA256_Init(context); }

static inline void penstock_sha256_update(SHA256_CTX *context, const void *bytes, size_t count) {
    SHA256_Update(context, bytes, count);
}

static inline void penstock_sha256_final(SHA256_CTX *context, void *digest) {
    SHA256_Final((unsigned char *)digest, context);
}

#endif
