// SPDX-License-Identifier: Apache-2.0
/*
 * empty OBJECT PROGRAM...
 *
 * Attaches these programs of the object, prints a line, and waits for SIGINT.
 */
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	struct bpf_object *object = argc > 2 ? bpf_object__open_file(argv[1], NULL) : NULL;

	if (!object || bpf_object__load(object)) {
		fprintf(stderr, "empty: cannot load the object\n");
		return 1;
	}
	for (int i = 2; i < argc; i++) {
		struct bpf_program *program = bpf_object__find_program_by_name(object, argv[i]);

		if (!program || !bpf_program__attach(program)) {
			fprintf(stderr, "empty: cannot attach %s\n", argv[i]);
			return 1;
		}
	}
	puts("attached");
	fflush(stdout);
	signal(SIGINT, SIG_DFL);
	pause();
	return 0;
}
