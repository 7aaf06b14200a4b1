/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who has made a request: the function that is called at its end shows it.
 * Pages alone do not: those of a direct access are the memory of its caller,
 * which may be the page cache of another file.
 */
#ifndef BFATRACE_DISK_MAKER_H
#define BFATRACE_DISK_MAKER_H

#include "disk/disk_kernel.h"

enum maker {
	MAKER_OTHER, /* mostly the page cache */
	MAKER_IOMAP, /* a direct access to a file */
	MAKER_DIRECT,
	MAKER_NODE, /* a direct access to a device node */
	MAKER_NODE_ASYNC,
	MAKER_WAITING, /* a task that waits for it */
	MAKER_BTRFS,
	MAKER_BTRFS_COPY,
	MAKER_SPLIT, /* it is part of another request, or stands for one */
	MAKER_MAPPER,
	MAKER_CRYPT,
	MAKER_MIRROR,
	MAKER_MD,
};

/*
 * Functions that are called at the end of bios. Some are static: kallsyms knows
 * their names, and those of modules that are loaded later.
 */
#define MAKERS(X)                                 \
	X(IOMAP, "iomap_dio_bio_end_io")          \
	X(DIRECT, "dio_bio_end_io")               \
	X(DIRECT, "dio_bio_end_aio")              \
	X(NODE, "blkdev_bio_end_io")              \
	X(NODE_ASYNC, "blkdev_bio_end_io_async")  \
	X(WAITING, "submit_bio_wait_endio")       \
	X(BTRFS, "btrfs_simple_end_io")           \
	X(BTRFS, "btrfs_orig_write_end_io")       \
	X(BTRFS, "btrfs_raid56_end_io")           \
	X(BTRFS_COPY, "btrfs_clone_write_end_io") \
	X(SPLIT, "bio_chain_endio")               \
	X(MAPPER, "clone_endio")                  \
	X(CRYPT, "crypt_endio")                   \
	X(MIRROR, "raid1_end_read_request")       \
	X(MIRROR, "raid1_end_write_request")      \
	X(MD, "md_end_clone_io")

enum { MAKER_CACHE = 1024 };

/* Makers by the address of the function: looking its name up takes longer than all else. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAKER_CACHE);
	__type(key, __u64);
	__type(value, __u8);
} makers SEC(".maps");

enum { END_NAME_SIZE = 32 };

/* A compiler may have added a suffix to the name, and a module's follows. */
static __always_inline bool is_end_of_word(char c)
{
	return !c || c == '.' || c == ' ';
}

#define IS_NAMED(name, word) \
	(!__builtin_memcmp(name, word, sizeof(word) - 1) && is_end_of_word((name)[sizeof(word) - 1]))

static __always_inline void name_function(char *name, __u64 function)
{
	static const char format[] = "%ps";

	__builtin_memset(name, 0, END_NAME_SIZE);
	bpf_snprintf(name, END_NAME_SIZE, format, &function, sizeof(function));
}

static __noinline __u8 find_maker(__u64 function)
{
	__u8 maker = MAKER_OTHER;
	char name[END_NAME_SIZE];

	name_function(name, function);
#define X(kind, word)             \
	if (IS_NAMED(name, word)) \
		maker = MAKER_##kind;
	MAKERS(X)
#undef X
	bpf_map_update_elem(&makers, &function, &maker, BPF_ANY);
	return maker;
}

static __always_inline __u8 maker_of(struct bio *bio)
{
	__u64 function = (__u64)READ(bio, bi_end_io);
	__u8 *known = bpf_map_lookup_elem(&makers, &function);

	return known ? *known : find_maker(function);
}

/* The bio that it is a part of or stands for; 0: none. */
static __always_inline struct bio *parent_of(struct bio *bio, __u8 maker)
{
	void *private = READ(bio, bi_private);
	void *around;

	switch (maker) {
	case MAKER_SPLIT:
		return private;
	case MAKER_CRYPT:
		return READ_OF_MODULE((struct dm_crypt_io *)private, base_bio);
	case MAKER_MIRROR:
		return READ_OF_MODULE((struct r1bio *)private, master_bio);
	case MAKER_MD:
		return READ_OF_MODULE((struct md_io_clone *)private, orig_bio);
	case MAKER_BTRFS_COPY:
		around = READ_OF_MODULE((struct btrfs_io_stripe *)private, bioc);
		return READ_OF_MODULE((struct btrfs_io_context *)around, orig_bio);
	case MAKER_MAPPER:
		if (!bpf_core_type_exists(struct dm_target_io))
			return 0;
		around = (void *)bio - bpf_core_field_offset(struct dm_target_io, clone);
		around = READ_OF_MODULE((struct dm_target_io *)around, io);
		return READ_OF_MODULE((struct dm_io *)around, orig_bio);
	}
	return 0;
}

enum { LAYERS_FOLLOWED = 4 };

/* The bio that this one is made for, and who has made that. */
static __always_inline struct bio *origin_of(struct bio *bio, __u8 *maker)
{
	struct bio *parent;

	*maker = maker_of(bio);
	for (int layer = 0; layer < LAYERS_FOLLOWED; layer++) {
		parent = parent_of(bio, *maker);
		if (!parent)
			return bio;
		bio = parent;
		*maker = maker_of(bio);
	}
	return bio;
}

#endif
