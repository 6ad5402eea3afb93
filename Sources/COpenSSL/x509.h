#ifndef PENSTOCK_COPENSSL_X509_H
#define PENSTOCK_COPENSSL_X509_H

/* OpenSSL's stacks are macros, which Swift does not see: what walks one is here. */

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

/* NULL for anything but one whole certificate. */
static inline X509 *penstock_x509_read(const unsigned char *bytes, long count) {
    const unsigned char *end = bytes;
    X509 *certificate = d2i_X509(NULL, &end, count);
    if (certificate && end != bytes + count) {
        X509_free(certificate);
        certificate = NULL;
    }
    ERR_clear_error();
    return certificate;
}

/* How many names of the kind URI a certificate has; -1 for an extension that cannot be read, or that comes twice.
   The first one is copied, as far as there is room; `length` is its length. */
static inline int penstock_x509_uri(X509 *certificate, char *first, int room, int *length) {
    int critical = 0, count = 0;
    *length = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, NULL);
    ERR_clear_error();
    if (!names) return critical == -1 ? 0 : -1;
    for (int index = 0; index < sk_GENERAL_NAME_num(names); index++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
        if (name->type != GEN_URI) continue;
        if (count++ == 0) {
            *length = ASN1_STRING_length(name->d.uniformResourceIdentifier);
            if (*length <= room) memcpy(first, ASN1_STRING_get0_data(name->d.uniformResourceIdentifier), (size_t)*length);
        }
    }
    GENERAL_NAMES_free(names);
    return count;
}

/* The last second at which a certificate is valid, since 1970; -1 where that cannot be read. */
static inline int64_t penstock_x509_not_after(X509 *certificate) {
    struct tm parts;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return -1;
    return (int64_t)timegm(&parts);
}

/* Whether the first certificate leads to one of the roots at a time, by RFC 5280, as a client's; X509_V_OK or why not.
   Every root is trusted by itself, whoever has signed it. */
static inline int penstock_x509_verify(
    X509 *const *chain, int count, X509 *const *roots, int rootCount, int64_t seconds
) {
    int outcome = X509_V_ERR_UNSPECIFIED;
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *others = sk_X509_new_null();
    if (!store || !context || !others) goto done;
    for (int index = 0; index < rootCount; index++)
        if (!X509_STORE_add_cert(store, roots[index])) goto done;
    for (int index = 1; index < count; index++)
        if (!sk_X509_push(others, chain[index])) goto done;
    if (!X509_STORE_CTX_init(context, store, chain[0], others)) goto done;
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_depth(parameters, 8);
    X509_VERIFY_PARAM_set_auth_level(parameters, 2);
    X509_VERIFY_PARAM_set_time(parameters, (time_t)seconds);
    X509_STORE_CTX_set_default(context, "ssl_client");
    outcome = X509_verify_cert(context) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context);
done:
    sk_X509_free(others);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
    return outcome;
}

#endif
