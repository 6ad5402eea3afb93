#ifndef PENSTOCK_CSODIUM_SHIM_H
#define PENSTOCK_CSODIUM_SHIM_H

#include <sodium.h>

#endif
