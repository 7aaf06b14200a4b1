// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "programs.h"
#include "ways.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE EM_X86_64
/* mov $60, %eax; xor %edi, %edi; syscall */
static const unsigned char code[] = { 0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05 };
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
/* mov x8, #93; mov x0, #0; svc #0 */
static const unsigned int code[] = { 0xd2800ba8, 0xd2800000, 0xd4000001 };
#else
#error "fileways: no program for this architecture"
#endif

/* The kernel may load it at any address. */
struct program {
	Elf64_Ehdr header;
	Elf64_Phdr segments[2];
	char code[32];
	char interpreter[PATH_MAX];
};

static void write_file(const char *name, const void *content, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0755);

	require(fd >= 0 && write(fd, content, size) == (ssize_t)size, "%s: %s", name, strerror(errno));
	close(fd);
}

void make_program(const char *name, const char *interpreter)
{
	static struct program p;
	Elf64_Phdr *load = &p.segments[0];

	memset(&p, 0, sizeof(p));
	memcpy(p.header.e_ident, ELFMAG, SELFMAG);
	p.header.e_ident[EI_CLASS] = ELFCLASS64;
	p.header.e_ident[EI_DATA] = ELFDATA2LSB;
	p.header.e_ident[EI_VERSION] = EV_CURRENT;
	p.header.e_type = ET_DYN;
	p.header.e_machine = MACHINE;
	p.header.e_version = EV_CURRENT;
	p.header.e_entry = offsetof(struct program, code);
	p.header.e_phoff = offsetof(struct program, segments);
	p.header.e_ehsize = sizeof(Elf64_Ehdr);
	p.header.e_phentsize = sizeof(Elf64_Phdr);
	p.header.e_phnum = 1;
	*load = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_align = 65536 };
	load->p_filesz = load->p_memsz = sizeof(p);
	memcpy(p.code, code, sizeof(code));
	if (interpreter) {
		size_t size = strlen(interpreter) + 1;

		p.header.e_phnum = 2;
		p.segments[1] = (Elf64_Phdr){ .p_type = PT_INTERP, .p_flags = PF_R, .p_align = 1 };
		p.segments[1].p_offset = offsetof(struct program, interpreter);
		p.segments[1].p_filesz = p.segments[1].p_memsz = size;
		memcpy(p.interpreter, interpreter, size);
	}
	write_file(name, &p, sizeof(p));
}

void make_script(const char *name, const char *text)
{
	write_file(name, text, strlen(text));
}
