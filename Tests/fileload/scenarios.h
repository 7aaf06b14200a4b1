/* SPDX-License-Identifier: Apache-2.0 */
/* Each scenario runs in the directory under test, which is empty, and closes what it opens. */
#ifndef FILELOAD_SCENARIOS_H
#define FILELOAD_SCENARIOS_H

/* scenarios_basic.c */
void scenario_basic(void);

/* scenarios_errors.c */
void scenario_failed(void);
void scenario_hostile(void);

/* scenarios_descriptors.c */
void scenario_dup(void);
void scenario_reuse(void);
void scenario_close_range(void);
void scenario_many(void);

/* scenarios_processes.c */
void scenario_fork(void);
void scenario_scm_rights(void);
void scenario_clone_files(void);
void scenario_inherited(void);

/* scenarios_exec.c */
void scenario_exec(void);
void scenario_exec_continued(char *arguments[]);

/* scenarios_ends.c */
void scenario_killed(void);
void scenario_exit(void);

/* scenarios_names.c */
void scenario_rename(void);
void scenario_unlink(void);
void scenario_deep(void);

/* scenarios_namespaces.c */
void scenario_bind(void);
void scenario_chroot(void);
void scenario_mount_namespace(void);

/* scenarios_load.c */
void scenario_threads(void);
void scenario_bytes(void);

#endif
