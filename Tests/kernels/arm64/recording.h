/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a recording as Sources/FileEvents/Recording reads it. */
#ifndef RECORDING_H
#define RECORDING_H

#include "bfatrace.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

enum { FORMAT_VERSION = 2 };

/* Kinds of frames and what a recording is of, as Recording.swift has them. */
enum { FRAME_HEADER = 0x52414642, FRAME_RECORD = 1, FRAME_CLOCK = 2, FRAME_DRAINED = 3, FRAME_END = 5 };
enum { OF_CALLS = 1 << 0, OF_DISK = 1 << 1, OF_METADATA = 1 << 2 };

static FILE *out;

static _Noreturn void die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("recorder: ", stderr);
	vfprintf(stderr, format, arguments);
	fprintf(stderr, " (%s)\n", strerror(errno));
	va_end(arguments);
	exit(1);
}

static void put(const void *bytes, size_t size)
{
	if (size && fwrite(bytes, size, 1, out) != 1)
		die("cannot write");
}

static void put_frame(uint32_t frame, const void *bytes, uint32_t size)
{
	put(&frame, sizeof(frame));
	put(&size, sizeof(size));
	put(bytes, size);
}

static void hash(uint64_t *sum, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		*sum = (*sum ^ (unsigned char)text[i]) * 0x100000001b3;
}

/* RecordingHeader.layout */
static uint64_t layout(void)
{
	static const char *const names[] = {
#define X(name, ...) #name,
		BFA_CALLS(X)
#undef X
	};
	static const char *const causes[] = {
#define X(cause, word) #word,
		BFA_DISK_CAUSES(X)
#undef X
	};
	static const size_t sizes[] = {
		sizeof(struct bfa_record),	sizeof(struct bfa_access),  sizeof(struct bfa_call_record),
		sizeof(struct bfa_disk_record), sizeof(struct bfa_process), sizeof(struct bfa_disk_end),
	};
	uint64_t sum = 0xcbf29ce484222325;
	char text[24];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		hash(&sum, text, snprintf(text, sizeof(text), "%zu", sizes[i]));
	hash(&sum, "", 1); /* BFA_CALL_NONE has no name */
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		hash(&sum, names[i], strlen(names[i]) + 1);
	for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++)
		hash(&sum, causes[i], strlen(causes[i]) + 1);
	return sum;
}

static void put_header(uint32_t contents)
{
	uint32_t version = FORMAT_VERSION;
	uint64_t hashed = layout();
	struct utsname name;
	char header[512];
	size_t size = 0;

	uname(&name);
	memcpy(header + size, &version, sizeof(version));
	size += sizeof(version);
	memcpy(header + size, &hashed, sizeof(hashed));
	size += sizeof(hashed);
	memcpy(header + size, &contents, sizeof(contents));
	size += sizeof(contents);
	for (int i = 0; i < 4; i++) {
		const char *text = i == 0 ? "recorder" : i == 1 ? name.release : i == 2 ? name.nodename : "";
		uint16_t length = strlen(text);

		memcpy(header + size, &length, sizeof(length));
		memcpy(header + size + sizeof(length), text, length);
		size += sizeof(length) + length;
	}
	put_frame(FRAME_HEADER, header, size);
}

#endif
