// SPDX-License-Identifier: Apache-2.0
/*
 * arm32 FILE PROGRAM
 *
 * A 32-bit program for arm that makes the calls whose width a tracer may get wrong
 * on arm64: it maps FILE at an address above 2 GiB, which is negative as a 32-bit
 * number, and executes PROGRAM, a 64-bit program.
 *
 * It is built without a C library:
 *
 *   clang --target=armv7a-linux-gnueabihf -nostdlib -static -ffreestanding -fuse-ld=lld
 *
 * Exit status: that of PROGRAM, or 1.
 */
#include <stdint.h>

/* arch/arm/tools/syscall.tbl */
enum { CLOSE = 6, EXECVE = 11, MMAP2 = 192, EXIT_GROUP = 248, OPENAT = 322 };

/* include/uapi/asm-generic/mman-common.h, include/uapi/linux/mman.h, include/uapi/linux/fcntl.h */
enum { PROT_READ = 1, MAP_PRIVATE = 2, AT_FDCWD = -100, LENGTH = 4096 };

static int32_t kernel(uint32_t number, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f)
{
	register uint32_t r0 __asm__("r0") = a;
	register uint32_t r1 __asm__("r1") = b;
	register uint32_t r2 __asm__("r2") = c;
	register uint32_t r3 __asm__("r3") = d;
	register uint32_t r4 __asm__("r4") = e;
	register uint32_t r5 __asm__("r5") = f;
	register uint32_t r7 __asm__("r7") = number;

	__asm__ volatile("svc 0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r7) : "memory");
	return (int32_t)r0;
}

__attribute__((used)) static _Noreturn void begin(const uint32_t *stack)
{
	/* The stack has the number of arguments, then arm32, FILE and PROGRAM. */
	const uint32_t words[] = { stack[3], 0 };
	int32_t fd = kernel(OPENAT, (uint32_t)AT_FDCWD, stack[2], 0, 0, 0, 0);
	int32_t mapped = kernel(MMAP2, 0, LENGTH, PROT_READ, MAP_PRIVATE, (uint32_t)fd, 0);

	/* Go on only with an address that shows the difference. */
	if (fd >= 0 && mapped < -4095 && !kernel(CLOSE, (uint32_t)fd, 0, 0, 0, 0, 0))
		kernel(EXECVE, stack[3], (uint32_t)words, (uint32_t)&words[1], 0, 0, 0);
	for (;;)
		kernel(EXIT_GROUP, 1, 0, 0, 0, 0, 0);
}

__asm__("	.text\n"
	"	.globl _start\n"
	"_start:\n"
	"	mov r0, sp\n"
	"	bl begin\n");
