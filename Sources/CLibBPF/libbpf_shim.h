/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
/* libelf needs it too. Without unistd.h, whose constants are those of the module Glibc. */
#define Z_SOLO
#include <zlib.h>
