#include "chrono_fabric.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rdma/fabric.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <rdma/fi_errno.h>
#include <rdma/fi_rma.h>

/* The interface version that this file is written against; libfabric adapts its behaviour to it. */
#define FABRIC_VERSION FI_VERSION(1, 17)

_Static_assert(CHRONO_FABRIC_MR_LOCAL == FI_MR_LOCAL, "header mirrors libfabric");
_Static_assert(CHRONO_FABRIC_MR_VIRT_ADDR == FI_MR_VIRT_ADDR, "header mirrors libfabric");
_Static_assert(CHRONO_FABRIC_MR_ALLOCATED == FI_MR_ALLOCATED, "header mirrors libfabric");
_Static_assert(CHRONO_FABRIC_MR_PROV_KEY == FI_MR_PROV_KEY, "header mirrors libfabric");
_Static_assert(CHRONO_FABRIC_MR_ENDPOINT == FI_MR_ENDPOINT, "header mirrors libfabric");
_Static_assert(CHRONO_FABRIC_ACCESS_READ == FI_READ, "header mirrors libfabric");
_Static_assert(CHRONO_FABRIC_ACCESS_WRITE == FI_WRITE, "header mirrors libfabric");
_Static_assert(CHRONO_FABRIC_ACCESS_REMOTE_READ == FI_REMOTE_READ, "header mirrors libfabric");
_Static_assert(CHRONO_FABRIC_ACCESS_REMOTE_WRITE == FI_REMOTE_WRITE, "header mirrors libfabric");
_Static_assert(sizeof(struct fi_context2) == 64, "a context is 64 bytes");

/*
 * Loading libfabric has side effects on the whole process, so it is loaded when the fabric is first used and not with
 * this library (an application that only records never pays for them), and its signal handlers are taken out again:
 * - libpsm_infinipath, a dependency of Debian's libfabric, replaces the handlers of SIGSEGV, SIGBUS, SIGILL, SIGABRT,
 *   SIGINT and SIGTERM in its constructor;
 * - the shm provider replaces those of SIGSEGV, SIGBUS, SIGTERM and SIGINT when an endpoint is opened, to unlink its
 *   files and raise the signal again.
 * A managed runtime turns SIGSEGV into exceptions and needs the original siginfo; a server that drains on SIGTERM still
 * needs its files.
 */
enum { SIGNALS = 32 };

static void save_handlers(struct sigaction *saved)
{
    for (int i = 1; i < SIGNALS; i++) {
        sigaction(i, NULL, &saved[i]);
    }
}

static void restore_handlers(const struct sigaction *saved)
{
    for (int i = 1; i < SIGNALS; i++) {
        sigaction(i, &saved[i], NULL); /* fails for SIGKILL and SIGSTOP, which nobody can have changed */
    }
}

static struct {
    int (*getinfo)(uint32_t, const char *, const char *, uint64_t, const struct fi_info *, struct fi_info **);
    void (*freeinfo)(struct fi_info *);
    struct fi_info *(*dupinfo)(const struct fi_info *);
    int (*fabric)(struct fi_fabric_attr *, struct fid_fabric **, void *);
    const char *(*strerror)(int);
    uint32_t (*version)(void);
} libfabric;

static pthread_once_t load_once = PTHREAD_ONCE_INIT;
static bool loaded;
static char load_error[256];

/* Takes a symbol of libfabric; ISO C has no conversion from an object pointer to a function pointer but by copying. */
static bool take(void *library, const char *name, void *target)
{
    void *symbol = dlsym(library, name);
    memcpy(target, &symbol, sizeof symbol);
    return symbol != NULL;
}

static bool take_all(void *library)
{
    return take(library, "fi_getinfo", &libfabric.getinfo) && take(library, "fi_freeinfo", &libfabric.freeinfo) &&
           take(library, "fi_dupinfo", &libfabric.dupinfo) && take(library, "fi_fabric", &libfabric.fabric) &&
           take(library, "fi_strerror", &libfabric.strerror) && take(library, "fi_version", &libfabric.version);
}

static void load_libfabric(void)
{
    /*
     * ofi_rxm allocates 62 MB of bounce buffers per endpoint for messages; ChronoLog moves bulk data by RMA, which
     * never touches them. Providers read it once, while they load.
     */
    setenv("FI_OFI_RXM_BUFFER_SIZE", "1024", 0);
    /* Microseconds between looks at the connection manager: 10 ms by default, all of which a first read waits. */
    setenv("FI_OFI_RXM_CM_PROGRESS_INTERVAL", "1000", 0);
    /*
     * Milliseconds that the progress thread of sockets spins before it sleeps: 10 by default, which takes the processor
     * from those who have work (a read of 64 KiB between two processes on two busy cores: 12 ms instead of 1.3).
     */
    setenv("FI_SOCKETS_PE_WAITTIME", "0", 0);
    struct sigaction saved[SIGNALS];
    save_handlers(saved);
    void *library = dlopen("libfabric.so.1", RTLD_NOW | RTLD_LOCAL);
    loaded = library != NULL && take_all(library);
    if (loaded) {
        struct fi_info *all = NULL; /* makes libfabric load its providers here, under the guard */
        if (libfabric.getinfo(FABRIC_VERSION, NULL, NULL, FI_PROV_ATTR_ONLY, NULL, &all) == 0) {
            libfabric.freeinfo(all);
        }
    } else {
        const char *reason = dlerror();
        snprintf(load_error, sizeof load_error, "%s", reason != NULL ? reason : "libfabric.so.1 lacks a symbol");
    }
    restore_handlers(saved);
}

const char *chrono_fabric_load(void)
{
    pthread_once(&load_once, load_libfabric);
    return loaded ? NULL : load_error;
}

static struct fi_info *make_hints(const char *provider, bool shm, uint64_t entries)
{
    struct fi_info *hints = libfabric.dupinfo(NULL);
    if (hints == NULL) {
        return NULL;
    }
    hints->fabric_attr->prov_name = strdup(provider);
    if (hints->fabric_attr->prov_name == NULL) {
        libfabric.freeinfo(hints);
        return NULL;
    }
    hints->ep_attr->type = FI_EP_RDM;
    hints->caps = FI_MSG | FI_RMA;
    hints->mode = FI_CONTEXT | FI_CONTEXT2;
    hints->addr_format = FI_FORMAT_UNSPEC;
    hints->domain_attr->threading = FI_THREAD_SAFE;
    hints->domain_attr->mr_mode = FI_MR_LOCAL | FI_MR_ALLOCATED | FI_MR_PROV_KEY | FI_MR_ENDPOINT;
    if (!shm) {
        /* With virtual addresses shm reads the peer's memory directly and never looks at the key. */
        hints->domain_attr->mr_mode |= FI_MR_VIRT_ADDR;
    }
    hints->tx_attr->size = entries;
    hints->rx_attr->size = entries;
    return hints;
}

int chrono_fabric_getinfo(const char *provider, const char *source, uint64_t entries, struct fi_info **info)
{
    *info = NULL;
    if (source == NULL) {
        return -FI_EINVAL;
    }
    if (chrono_fabric_load() != NULL) {
        return -FI_ENOSYS;
    }
    bool shm = strcmp(provider, "shm") == 0;
    struct fi_info *hints = make_hints(provider, shm, entries);
    if (hints == NULL) {
        return -FI_ENOMEM;
    }
    uint64_t flags = shm ? FI_SOURCE : FI_SOURCE | FI_NUMERICHOST;
    int result = libfabric.getinfo(FABRIC_VERSION, source, NULL, flags, hints, info);
    libfabric.freeinfo(hints);
    return result;
}

void chrono_fabric_freeinfo(struct fi_info *info)
{
    libfabric.freeinfo(info);
}

void chrono_fabric_describe(const struct fi_info *info, struct chrono_fabric_attributes *out)
{
    out->provider = info->fabric_attr->prov_name;
    out->fabric = info->fabric_attr->name;
    out->domain = info->domain_attr->name;
    out->max_message_bytes = info->ep_attr->max_msg_size;
    out->transmit_entries = info->tx_attr->size;
    out->mr_mode = (uint32_t)info->domain_attr->mr_mode;
    out->mr_key_bytes = (uint32_t)info->domain_attr->mr_key_size;
    out->provider_version = info->fabric_attr->prov_version;
}

int chrono_fabric_fabric(struct fi_info *info, struct fid_fabric **fabric)
{
    return libfabric.fabric(info->fabric_attr, fabric, NULL);
}

int chrono_fabric_domain(struct fid_fabric *fabric, struct fi_info *info, struct fid_domain **domain)
{
    return fi_domain(fabric, info, domain, NULL);
}

int chrono_fabric_av_open(struct fid_domain *domain, uint64_t count, struct fid_av **av)
{
    struct fi_av_attr attributes = {.type = FI_AV_TABLE, .count = count};
    return fi_av_open(domain, &attributes, av, NULL);
}

int chrono_fabric_cq_open(struct fid_domain *domain, uint64_t entries, int wait, struct fid_cq **cq)
{
    struct fi_cq_attr attributes = {
        .format = FI_CQ_FORMAT_CONTEXT,
        .size = entries,
        .wait_obj = wait == CHRONO_FABRIC_WAIT_NONE ? FI_WAIT_NONE : FI_WAIT_UNSPEC,
    };
    return fi_cq_open(domain, &attributes, cq, NULL);
}

int chrono_fabric_endpoint(struct fid_domain *domain, struct fi_info *info, struct fid_ep **ep)
{
    struct sigaction saved[SIGNALS];
    save_handlers(saved);
    int result = fi_endpoint(domain, info, ep, NULL);
    restore_handlers(saved);
    return result;
}

int chrono_fabric_ep_bind_av(struct fid_ep *ep, struct fid_av *av)
{
    return fi_ep_bind(ep, &av->fid, 0);
}

int chrono_fabric_ep_bind_cq(struct fid_ep *ep, struct fid_cq *cq)
{
    return fi_ep_bind(ep, &cq->fid, FI_TRANSMIT | FI_RECV);
}

int chrono_fabric_enable(struct fid_ep *ep)
{
    return fi_enable(ep);
}

int chrono_fabric_getname(struct fid_ep *ep, void *address, size_t *length)
{
    return fi_getname(&ep->fid, address, length);
}

int chrono_fabric_close(struct fid *object)
{
    return fi_close(object);
}

int chrono_fabric_av_insert(struct fid_av *av, const void *address, uint64_t *peer)
{
    return fi_av_insert(av, address, 1, peer, 0, NULL);
}

int chrono_fabric_av_remove(struct fid_av *av, uint64_t peer)
{
    fi_addr_t address = peer;
    return fi_av_remove(av, &address, 1, 0);
}

uint64_t chrono_fabric_address_bytes(const struct fi_info *info)
{
    return info->addr_format == FI_ADDR_STR ? 0 : info->src_addrlen;
}

int chrono_fabric_mr_reg(struct fid_domain *domain, struct fid_ep *ep, const void *start, size_t length,
                         uint64_t access, uint64_t requested_key, struct fid_mr **region)
{
    int result = fi_mr_reg(domain, start, length, access, 0, requested_key, 0, region, NULL);
    if (result != 0 || ep == NULL) {
        return result;
    }
    result = fi_mr_bind(*region, &ep->fid, 0);
    if (result == 0) {
        result = fi_mr_enable(*region);
    }
    if (result != 0) {
        fi_close(&(*region)->fid);
        *region = NULL;
    }
    return result;
}

uint64_t chrono_fabric_mr_key(struct fid_mr *region)
{
    return fi_mr_key(region);
}

void *chrono_fabric_mr_desc(struct fid_mr *region)
{
    return fi_mr_desc(region);
}

int64_t chrono_fabric_read(struct fid_ep *ep, void *target, size_t length, void *descriptor, uint64_t peer,
                           uint64_t remote_address, uint64_t key, void *context)
{
    return fi_read(ep, target, length, descriptor, peer, remote_address, key, context);
}

int64_t chrono_fabric_write(struct fid_ep *ep, const void *source, size_t length, void *descriptor, uint64_t peer,
                            uint64_t remote_address, uint64_t key, void *context)
{
    return fi_write(ep, source, length, descriptor, peer, remote_address, key, context);
}

/* An fi_cq_entry is just the context, so the caller's array of pointers is the array of entries. */
_Static_assert(sizeof(struct fi_cq_entry) == sizeof(void *), "FI_CQ_FORMAT_CONTEXT is one pointer");

int64_t chrono_fabric_cq_read(struct fid_cq *cq, void **contexts, size_t count)
{
    return fi_cq_read(cq, contexts, count);
}

int64_t chrono_fabric_cq_sread(struct fid_cq *cq, void **contexts, size_t count, int timeout_milliseconds)
{
    return fi_cq_sread(cq, contexts, count, NULL, timeout_milliseconds);
}

int64_t chrono_fabric_cq_readerr(struct fid_cq *cq, struct chrono_fabric_error *error)
{
    struct fi_cq_err_entry entry = {0};
    ssize_t count = fi_cq_readerr(cq, &entry, 0);
    if (count > 0) {
        error->context = entry.op_context;
        error->error = entry.err;
        error->provider_error = entry.prov_errno;
        error->text[0] = '\0';
        fi_cq_strerror(cq, entry.prov_errno, entry.err_data, error->text, sizeof error->text);
        error->text[sizeof error->text - 1] = '\0';
    }
    return count;
}

int chrono_fabric_cq_signal(struct fid_cq *cq)
{
    return fi_cq_signal(cq);
}

const char *chrono_fabric_strerror(int error)
{
    return chrono_fabric_load() == NULL ? libfabric.strerror(error) : load_error;
}

uint32_t chrono_fabric_version(void)
{
    return chrono_fabric_load() == NULL ? libfabric.version() : 0;
}
