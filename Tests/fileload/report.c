// SPDX-License-Identifier: Apache-2.0
/* The log as JSON lines; main.c describes the keys. */
#define _GNU_SOURCE
#include "support.h"
#include "truth.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The number of bytes of the UTF-8 sequence at this place, 0 if there is none. */
static size_t utf8_length(const unsigned char *at)
{
	size_t length = at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
	    (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return length;
}

static bool is_plain(const char *string)
{
	const unsigned char *at = (const unsigned char *)string;

	while (*at) {
		size_t length = 1;

		if (*at < 0x20 || *at > 0x7e || *at == '"' || *at == '\\')
			length = utf8_length(at);
		if (length == 0)
			return false;
		at += length;
	}
	return true;
}

static void put_string(FILE *out, const char *key, const char *string)
{
	if (is_plain(string)) {
		fprintf(out, ",\"%s\":\"%s\"", key, string);
		return;
	}
	fprintf(out, ",\"%s_raw\":[", key);
	for (const char *at = string; *at; at++)
		fprintf(out, "%s%u", at == string ? "" : ",", (unsigned char)*at);
	fputc(']', out);
}

static void put_path(FILE *out, const struct truth_line *line)
{
	if (line->has & TRUTH_TRUNCATED) {
		fputs(",\"path\":null,\"truncated\":true", out);
		put_string(out, "tail", line->strings);
	} else {
		put_string(out, "path", line->strings);
	}
	if (line->has & TRUTH_DELETED)
		fputs(",\"deleted\":true", out);
	if ((line->has & TRUTH_DELETED) && line->nlink > 0)
		fprintf(out, ",\"nlink\":%u", line->nlink);
}

static void put_call(FILE *out, const struct truth_line *line)
{
	fprintf(out, "\"syscall\":\"%s\"", line->what);
	if (line->has & TRUTH_FD)
		fprintf(out, ",\"fd\":%d", line->fd);
	fprintf(out, ",\"ret\":%" PRId64, line->ret);
	put_path(out, line);
	if (line->has & TRUTH_SIZE)
		fprintf(out, ",\"size\":%" PRIu64, line->size);
	if (line->has & TRUTH_OFFSET)
		fprintf(out, ",\"offset\":%" PRId64, line->offset);
	if (line->has & TRUTH_FLAGS)
		fprintf(out, ",\"flags\":\"%#" PRIo64 "\",\"mode\":\"%#" PRIo64 "\"", line->flags, line->mode);
	if (line->has & TRUTH_FILENAME)
		put_string(out, "filename", line->strings + strlen(line->strings) + 1);
	put_string(out, "comm", line->comm);
	fprintf(out, ",\"duration_ns\":%" PRIu64, line->duration_ns);
}

static void put_sum(FILE *out, const struct truth_line *line)
{
	const struct tally *tally = &line->tally;

	fputs("{\"sum\":true", out);
	put_path(out, line);
	fprintf(out, ",\"pid\":%d,\"opens\":%" PRIu64 ",\"reads\":%" PRIu64, line->pid, tally->opens, tally->reads);
	fprintf(out, ",\"read_bytes\":%" PRIu64 ",\"writes\":%" PRIu64, tally->read_bytes, tally->writes);
	fprintf(out, ",\"write_bytes\":%" PRIu64 ",\"closes\":%" PRIu64, tally->write_bytes, tally->closes);
}

static void put_line(FILE *out, const struct truth_line *line, unsigned long seq)
{
	if (line->has & TRUTH_SUM) {
		put_sum(out, line);
	} else {
		fprintf(out, "{\"pid\":%d,\"tid\":%d,\"seq\":%lu,", line->pid, line->tid, seq);
		if (line->has & TRUTH_IMPLICIT) {
			fprintf(out, "\"implicit\":\"%s\",\"fd\":%d", line->what, line->fd);
			put_path(out, line);
		} else {
			put_call(out, line);
		}
	}
	fputs("}\n", out);
}

void truth_write(const char *name)
{
	const struct truth_line *line;
	unsigned long seq = 0;
	FILE *out = fopen(name, "we");

	require(out, "%s: %s", name, strerror(errno));
	for (line = truth_next(NULL); line; line = truth_next(line))
		put_line(out, line, ++seq);
	require(!ferror(out) && fclose(out) == 0, "%s: %s", name, strerror(errno));
}
