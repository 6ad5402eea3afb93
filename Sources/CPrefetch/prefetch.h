#ifndef PENSTOCK_PREFETCH_H
#define PENSTOCK_PREFETCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

/// Asks the processor for the 128 bytes from `address` on. A hint: it changes nothing and cannot fault.
static inline void penstock_prefetch(const void *address) {
    __builtin_prefetch(address);
    __builtin_prefetch((const char *)address + 64);
}

/// Asks the system to put what will be written here into huge pages, madvise(2). A hint: it changes nothing that a
/// program can see, and where it is refused, or the memory holds no whole huge page, the pages stay small.
static inline void penstock_prefer_huge_pages(const void *address, size_t count) {
    const uintptr_t page = 2 << 20;
    uintptr_t begin = ((uintptr_t)address + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)address + count) & ~(page - 1);
    if (begin < end) madvise((void *)begin, end - begin, MADV_HUGEPAGE);
}

#endif
