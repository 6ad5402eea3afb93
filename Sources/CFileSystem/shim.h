#ifndef C_FILE_SYSTEM_SHIM_H
#define C_FILE_SYSTEM_SHIM_H

#include <sys/statfs.h>
#include <sys/types.h>

/* fallocate(2). Glibc declares it for _GNU_SOURCE alone, which the module that Swift imports is built without. */
int fallocate(int descriptor, int mode, off_t offset, off_t length);

/* linux/falloc.h */
enum { fallocate_keep_size = 1 };

#endif
