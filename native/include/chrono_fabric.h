/*
 * libfabric for callers that are not C: most of libfabric's calls are static inline functions in its headers, so this
 * shim exports them one to one. A call returns what libfabric returns: 0 or a positive count, or a negative fi_errno.
 *
 * What is not one to one: libfabric.so.1 is loaded at the first use and its signal handlers are taken out again (see
 * fabric.c); chrono_fabric_getinfo builds the hints (struct fi_info is no ABI to mirror elsewhere); the open calls fill
 * in the attributes that ChronoLog always uses.
 */
#ifndef CHRONO_FABRIC_H
#define CHRONO_FABRIC_H

#include <stddef.h>
#include <stdint.h>

#include "chrono_export.h"

#ifdef __cplusplus
extern "C" {
#endif


struct fi_info;
struct fid;
struct fid_fabric;
struct fid_domain;
struct fid_ep;
struct fid_av;
struct fid_cq;
struct fid_mr;

/* What the caller must know about an fi_info. The strings live as long as the fi_info. */
struct chrono_fabric_attributes {
    const char *provider;
    const char *fabric;
    const char *domain;
    uint64_t max_message_bytes;
    uint64_t transmit_entries;
    uint32_t mr_mode; /* FI_MR_* bits that the caller must honour */
    uint32_t mr_key_bytes;
    uint32_t provider_version;
};

/* One completion that failed. */
struct chrono_fabric_error {
    void *context;
    int32_t error;          /* positive fi_errno */
    int32_t provider_error; /* provider's own */
    char text[128];         /* provider's description of it */
};

/* Bits of chrono_fabric_attributes.mr_mode, as in libfabric. */
#define CHRONO_FABRIC_MR_LOCAL (1u << 2)
#define CHRONO_FABRIC_MR_VIRT_ADDR (1u << 4)
#define CHRONO_FABRIC_MR_ALLOCATED (1u << 5)
#define CHRONO_FABRIC_MR_PROV_KEY (1u << 6)
#define CHRONO_FABRIC_MR_ENDPOINT (1u << 9)

/* What a memory region allows. */
#define CHRONO_FABRIC_ACCESS_READ (1ull << 8)         /* local buffer of an RMA read */
#define CHRONO_FABRIC_ACCESS_WRITE (1ull << 9)        /* local buffer of an RMA write */
#define CHRONO_FABRIC_ACCESS_REMOTE_READ (1ull << 12) /* target of a peer's RMA read */
#define CHRONO_FABRIC_ACCESS_REMOTE_WRITE (1ull << 13)

/* How a completion queue can be waited for. */
enum chrono_fabric_wait { CHRONO_FABRIC_WAIT_NONE = 0, CHRONO_FABRIC_WAIT_UNSPEC = 1 };

/*
 * Loads libfabric and its providers unless that was done before. NULL if they are there, else why not. The calls below
 * that need no object load it themselves.
 */
CHRONO_EXPORT const char *chrono_fabric_load(void);

/*
 * FI_EP_RDM endpoints with FI_MSG|FI_RMA of one provider ("tcp;ofi_rxm", "sockets", "shm", "verbs;ofi_rxm").
 * source: numeric address of the interface to bind; must be given, because libfabric's default is the first interface
 * that is not loopback. For shm: the endpoint's name, unique on the machine; its file is /dev/shm/<name>:<n>:<n>.
 * entries: operations in flight that the endpoint must be able to hold; sizes the provider's buffers.
 */
CHRONO_EXPORT int chrono_fabric_getinfo(const char *provider, const char *source, uint64_t entries,
                                            struct fi_info **info);
CHRONO_EXPORT void chrono_fabric_freeinfo(struct fi_info *info);
CHRONO_EXPORT void chrono_fabric_describe(const struct fi_info *info, struct chrono_fabric_attributes *out);

CHRONO_EXPORT int chrono_fabric_fabric(struct fi_info *info, struct fid_fabric **fabric);
CHRONO_EXPORT int chrono_fabric_domain(struct fid_fabric *fabric, struct fi_info *info, struct fid_domain **domain);
CHRONO_EXPORT int chrono_fabric_av_open(struct fid_domain *domain, uint64_t count, struct fid_av **av);
CHRONO_EXPORT int chrono_fabric_cq_open(struct fid_domain *domain, uint64_t entries, int wait, struct fid_cq **cq);
CHRONO_EXPORT int chrono_fabric_endpoint(struct fid_domain *domain, struct fi_info *info, struct fid_ep **ep);
CHRONO_EXPORT int chrono_fabric_ep_bind_av(struct fid_ep *ep, struct fid_av *av);
CHRONO_EXPORT int chrono_fabric_ep_bind_cq(struct fid_ep *ep, struct fid_cq *cq);
CHRONO_EXPORT int chrono_fabric_enable(struct fid_ep *ep);
CHRONO_EXPORT int chrono_fabric_getname(struct fid_ep *ep, void *address, size_t *length);
/* Every object above and below begins with its fid. */
CHRONO_EXPORT int chrono_fabric_close(struct fid *object);

/* 1 if inserted, else 0 or a negative fi_errno. */
CHRONO_EXPORT int chrono_fabric_av_insert(struct fid_av *av, const void *address, uint64_t *peer);
CHRONO_EXPORT int chrono_fabric_av_remove(struct fid_av *av, uint64_t peer);
/* Bytes that fi_av_insert reads from an address of this provider; 0 if they are a zero-terminated string. */
CHRONO_EXPORT uint64_t chrono_fabric_address_bytes(const struct fi_info *info);

/* ep: bound to the region if the provider wants that (FI_MR_ENDPOINT), else may be NULL. */
CHRONO_EXPORT int chrono_fabric_mr_reg(struct fid_domain *domain, struct fid_ep *ep, const void *start,
                                           size_t length, uint64_t access, uint64_t requested_key,
                                           struct fid_mr **region);
CHRONO_EXPORT uint64_t chrono_fabric_mr_key(struct fid_mr *region);
CHRONO_EXPORT void *chrono_fabric_mr_desc(struct fid_mr *region);

/* context: 64 bytes of the caller's that stay in place until the completion (FI_CONTEXT2). */
CHRONO_EXPORT int64_t chrono_fabric_read(struct fid_ep *ep, void *target, size_t length, void *descriptor,
                                             uint64_t peer, uint64_t remote_address, uint64_t key, void *context);
CHRONO_EXPORT int64_t chrono_fabric_write(struct fid_ep *ep, const void *source, size_t length, void *descriptor,
                                              uint64_t peer, uint64_t remote_address, uint64_t key, void *context);

/* contexts: receives the context of each completion. Returns their number or a negative fi_errno. */
CHRONO_EXPORT int64_t chrono_fabric_cq_read(struct fid_cq *cq, void **contexts, size_t count);
CHRONO_EXPORT int64_t chrono_fabric_cq_sread(struct fid_cq *cq, void **contexts, size_t count,
                                                 int timeout_milliseconds);
CHRONO_EXPORT int64_t chrono_fabric_cq_readerr(struct fid_cq *cq, struct chrono_fabric_error *error);
CHRONO_EXPORT int chrono_fabric_cq_signal(struct fid_cq *cq);

/* Text of a positive fi_errno; never freed. */
CHRONO_EXPORT const char *chrono_fabric_strerror(int error);
/* Version of the loaded libfabric: major << 16 | minor. */
CHRONO_EXPORT uint32_t chrono_fabric_version(void);

#ifdef __cplusplus
}
#endif

#endif
