/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For 32-bit programs for i386 without a C library: system calls, an entry point,
 * output, and failing. A program defines PROGRAM, its name, and begin().
 */
#ifndef TESTS_I386_H
#define TESTS_I386_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* arch/x86/entry/syscalls/syscall_32.tbl */
enum {
	WRITE = 4,
	EXIT_GROUP = 252,
};

/* ebx, ecx, edx, esi, edi and ebp hold the arguments, eax the number and the result. */
int kernel(int number, ...);
__asm__("	.text\n"
	"	.globl kernel\n"
	"kernel:\n"
	"	push %ebp\n"
	"	push %edi\n"
	"	push %esi\n"
	"	push %ebx\n"
	"	mov 20(%esp), %eax\n"
	"	mov 24(%esp), %ebx\n"
	"	mov 28(%esp), %ecx\n"
	"	mov 32(%esp), %edx\n"
	"	mov 36(%esp), %esi\n"
	"	mov 40(%esp), %edi\n"
	"	mov 44(%esp), %ebp\n"
	"	int $0x80\n"
	"	pop %ebx\n"
	"	pop %esi\n"
	"	pop %edi\n"
	"	pop %ebp\n"
	"	ret\n"
	"	.globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %esp, %eax\n"
	"	and $-16, %esp\n"
	"	sub $12, %esp\n"
	"	push %eax\n"
	"	call begin\n");

static size_t length_of(const char *string)
{
	size_t length = 0;

	while (string[length])
		length++;
	return length;
}

static _Noreturn void die(const char *what)
{
	kernel(WRITE, 2, PROGRAM ": ", sizeof(PROGRAM ": ") - 1, 0, 0, 0);
	kernel(WRITE, 2, what, length_of(what), 0, 0, 0);
	kernel(WRITE, 2, "\n", 1, 0, 0, 0);
	kernel(EXIT_GROUP, 1, 0, 0, 0, 0, 0);
	__builtin_unreachable();
}

static void require(bool condition, const char *what)
{
	if (!condition)
		die(what);
}

static char out[16384]; /* not written yet */
static size_t out_length;

static void put_byte(char byte)
{
	require(out_length < sizeof(out), "too much output");
	out[out_length++] = byte;
}

static void put(const char *string)
{
	while (*string)
		put_byte(*string++);
}

/* Division by hand: that of 64 bits would need a library. */
static uint32_t divide_by_10(uint64_t *value)
{
	uint32_t remainder = 0;
	uint64_t quotient = 0;

	for (int shift = 48; shift >= 0; shift -= 16) {
		uint32_t part = remainder << 16 | (uint32_t)(*value >> shift & 0xffff);

		quotient = quotient << 16 | part / 10;
		remainder = part % 10;
	}
	*value = quotient;
	return remainder;
}

static void put_number(int64_t number)
{
	uint64_t value = number < 0 ? -(uint64_t)number : (uint64_t)number;
	char digits[24];
	int count = 0;

	do
		digits[count++] = (char)('0' + divide_by_10(&value));
	while (value);
	if (number < 0)
		put_byte('-');
	while (count)
		put_byte(digits[--count]);
}

/* Writes what was put to standard output. */
static void put_out(void)
{
	require(kernel(WRITE, 1, out, out_length, 0, 0, 0) == (int)out_length, "standard output");
	out_length = 0;
}

static inline uint32_t address(const volatile void *pointer)
{
	return (uint32_t)pointer;
}

#endif
