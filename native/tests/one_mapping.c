/*
 * A ring is mapped by each side at an address of its own: to the thread sanitizer, which knows memory by its address, that is
 * two memories, and nothing that one side stores orders what the other side loads. So in its build both sides get one
 * mapping: mmap and munmap of what is linked with this are these (-Wl,--wrap).
 */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "check.h"

enum { MAPPINGS = 256 };

struct mapping {
    void *address;
    size_t bytes;
    dev_t device;
    ino_t inode;
    int users;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct mapping mappings[MAPPINGS];

void *__real_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset);
int __real_munmap(void *address, size_t bytes);
void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset);
int __wrap_munmap(void *address, size_t bytes);

static struct mapping *find_file(const struct stat *of, size_t bytes)
{
    for (int i = 0; i < MAPPINGS; i++) {
        struct mapping *each = &mappings[i];
        if (each->users > 0 && each->device == of->st_dev && each->inode == of->st_ino && each->bytes == bytes) {
            return each;
        }
    }
    return NULL;
}

static struct mapping *find_address(const void *address)
{
    for (int i = 0; i < MAPPINGS; i++) {
        if (mappings[i].users > 0 && mappings[i].address == address) {
            return &mappings[i];
        }
    }
    return NULL;
}

static struct mapping *find_free(void)
{
    for (int i = 0; i < MAPPINGS; i++) {
        if (mappings[i].users == 0) {
            return &mappings[i];
        }
    }
    CHECK(!"there are more mappings than places for them");
    return NULL;
}

void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset)
{
    struct stat of;
    if ((flags & MAP_SHARED) == 0 || protection != (PROT_READ | PROT_WRITE) || offset != 0 || fstat(file, &of) != 0) {
        return __real_mmap(address, bytes, protection, flags, file, offset);
    }
    pthread_mutex_lock(&lock);
    struct mapping *mapping = find_file(&of, bytes);
    if (mapping == NULL) {
        void *made = __real_mmap(address, bytes, protection, flags, file, offset);
        if (made == MAP_FAILED) {
            pthread_mutex_unlock(&lock);
            return made;
        }
        mapping = find_free();
        *mapping = (struct mapping){made, bytes, of.st_dev, of.st_ino, 0};
    }
    mapping->users++;
    void *given = mapping->address;
    pthread_mutex_unlock(&lock);
    return given;
}

int __wrap_munmap(void *address, size_t bytes)
{
    pthread_mutex_lock(&lock);
    struct mapping *mapping = find_address(address);
    int is_used = mapping != NULL && --mapping->users > 0;
    int result = is_used ? 0 : __real_munmap(address, bytes);
    pthread_mutex_unlock(&lock);
    return result;
}
