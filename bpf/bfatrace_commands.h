/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Commands that are passed through to a device: which set they are of, their
 * codes, whether they may wake a disk that sleeps, and their names.
 *
 * A command wakes unless the standard has a sleeping device answer it as it is,
 * or put itself to sleep. IDENTIFY and SMART are among those that wake: the
 * standards leave that to the disk, and smartctl(8), option -n, warns of it.
 */
#ifndef BFATRACE_COMMANDS_H
#define BFATRACE_COMMANDS_H

enum bfa_command_set {
	BFA_SET_UNKNOWN, /* of a driver that is none of these */
	BFA_SET_SCSI,
	BFA_SET_ATA, /* within SCSI's ATA PASS-THROUGH */
	BFA_SET_NVME_ADMIN,
	BFA_SET_NVME_IO,
};

enum {
	BFA_SCSI_START_STOP = 0x1b,
	BFA_SCSI_STOP = 0x11b, /* START STOP UNIT that does not start it; its code is that byte */
};

#define BFA_DISK_COMMANDS(X)                                                                                   \
	/* ATA/ATAPI command sets; include/linux/ata.h */                                                      \
	X(ATA, 0x00, 1, "NOP")                                                                                 \
	X(ATA, 0x06, 1, "DATA SET MANAGEMENT")                                                                 \
	X(ATA, 0x0b, 1, "REQUEST SENSE DATA EXT")                                                              \
	X(ATA, 0x10, 1, "RECALIBRATE")                                                                         \
	X(ATA, 0x20, 1, "READ SECTORS")                                                                        \
	X(ATA, 0x24, 1, "READ SECTORS EXT")                                                                    \
	X(ATA, 0x25, 1, "READ DMA EXT")                                                                        \
	X(ATA, 0x27, 1, "READ NATIVE MAX ADDRESS EXT")                                                         \
	X(ATA, 0x2f, 1, "READ LOG EXT")                                                                        \
	X(ATA, 0x30, 1, "WRITE SECTORS")                                                                       \
	X(ATA, 0x34, 1, "WRITE SECTORS EXT")                                                                   \
	X(ATA, 0x35, 1, "WRITE DMA EXT")                                                                       \
	X(ATA, 0x3f, 1, "WRITE LOG EXT")                                                                       \
	X(ATA, 0x40, 1, "READ VERIFY SECTORS")                                                                 \
	X(ATA, 0x42, 1, "READ VERIFY SECTORS EXT")                                                             \
	X(ATA, 0x45, 1, "WRITE UNCORRECTABLE EXT")                                                             \
	X(ATA, 0x47, 1, "READ LOG DMA EXT")                                                                    \
	X(ATA, 0x57, 1, "WRITE LOG DMA EXT")                                                                   \
	X(ATA, 0x5b, 1, "TRUSTED NON-DATA")                                                                    \
	X(ATA, 0x5c, 1, "TRUSTED RECEIVE")                                                                     \
	X(ATA, 0x5e, 1, "TRUSTED SEND")                                                                        \
	X(ATA, 0x60, 1, "READ FPDMA QUEUED")                                                                   \
	X(ATA, 0x61, 1, "WRITE FPDMA QUEUED")                                                                  \
	X(ATA, 0x78, 1, "ACCESSIBLE MAX ADDRESS CONFIGURATION")                                                \
	X(ATA, 0x90, 1, "EXECUTE DEVICE DIAGNOSTIC")                                                           \
	X(ATA, 0x92, 1, "DOWNLOAD MICROCODE")                                                                  \
	X(ATA, 0x94, 0, "STANDBY IMMEDIATE")                                                                   \
	X(ATA, 0x95, 1, "IDLE IMMEDIATE")                                                                      \
	X(ATA, 0x96, 0, "STANDBY")                                                                             \
	X(ATA, 0x97, 1, "IDLE")                                                                                \
	X(ATA, 0x98, 0, "CHECK POWER MODE")                                                                    \
	X(ATA, 0x99, 0, "SLEEP")                                                                               \
	X(ATA, 0xa1, 1, "IDENTIFY PACKET")                                                                     \
	X(ATA, 0xb0, 1, "SMART")                                                                               \
	X(ATA, 0xb4, 1, "SANITIZE DEVICE")                                                                     \
	X(ATA, 0xc6, 1, "SET MULTIPLE MODE")                                                                   \
	X(ATA, 0xc8, 1, "READ DMA")                                                                            \
	X(ATA, 0xca, 1, "WRITE DMA")                                                                           \
	X(ATA, 0xe0, 0, "STANDBY IMMEDIATE")                                                                   \
	X(ATA, 0xe1, 1, "IDLE IMMEDIATE")                                                                      \
	X(ATA, 0xe2, 0, "STANDBY")                                                                             \
	X(ATA, 0xe3, 1, "IDLE")                                                                                \
	X(ATA, 0xe5, 0, "CHECK POWER MODE")                                                                    \
	X(ATA, 0xe6, 0, "SLEEP")                                                                               \
	X(ATA, 0xe7, 1, "FLUSH CACHE")                                                                         \
	X(ATA, 0xea, 1, "FLUSH CACHE EXT")                                                                     \
	X(ATA, 0xec, 1, "IDENTIFY")                                                                            \
	X(ATA, 0xef, 1, "SET FEATURES")                                                                        \
	X(ATA, 0xf1, 1, "SECURITY SET PASSWORD")                                                               \
	X(ATA, 0xf2, 1, "SECURITY UNLOCK")                                                                     \
	X(ATA, 0xf3, 1, "SECURITY ERASE PREPARE")                                                              \
	X(ATA, 0xf4, 1, "SECURITY ERASE UNIT")                                                                 \
	X(ATA, 0xf5, 1, "SECURITY FREEZE LOCK")                                                                \
	X(ATA, 0xf6, 1, "SECURITY DISABLE PASSWORD")                                                           \
	X(ATA, 0xf8, 1, "READ NATIVE MAX ADDRESS")                                                             \
	X(ATA, 0xf9, 1, "SET MAX ADDRESS")                                                                     \
	/* SCSI primary, block and multi-media commands; include/scsi/scsi_proto.h */                          \
	X(SCSI, 0x00, 0, "TEST UNIT READY")                                                                    \
	X(SCSI, 0x01, 1, "REWIND")                                                                             \
	X(SCSI, 0x03, 0, "REQUEST SENSE")                                                                      \
	X(SCSI, 0x04, 1, "FORMAT UNIT")                                                                        \
	X(SCSI, 0x08, 1, "READ(6)")                                                                            \
	X(SCSI, 0x0a, 1, "WRITE(6)")                                                                           \
	X(SCSI, 0x12, 0, "INQUIRY")                                                                            \
	X(SCSI, 0x15, 1, "MODE SELECT(6)")                                                                     \
	X(SCSI, 0x16, 1, "RESERVE(6)")                                                                         \
	X(SCSI, 0x17, 1, "RELEASE(6)")                                                                         \
	X(SCSI, 0x1a, 1, "MODE SENSE(6)")                                                                      \
	X(SCSI, 0x1b, 1, "START STOP UNIT")                                                                    \
	X(SCSI, 0x11b, 0, "STOP UNIT")                                                                         \
	X(SCSI, 0x1c, 1, "RECEIVE DIAGNOSTIC RESULTS")                                                         \
	X(SCSI, 0x1d, 1, "SEND DIAGNOSTIC")                                                                    \
	X(SCSI, 0x1e, 1, "PREVENT ALLOW MEDIUM REMOVAL")                                                       \
	X(SCSI, 0x25, 1, "READ CAPACITY(10)")                                                                  \
	X(SCSI, 0x28, 1, "READ(10)")                                                                           \
	X(SCSI, 0x2a, 1, "WRITE(10)")                                                                          \
	X(SCSI, 0x2e, 1, "WRITE AND VERIFY(10)")                                                               \
	X(SCSI, 0x2f, 1, "VERIFY(10)")                                                                         \
	X(SCSI, 0x35, 1, "SYNCHRONIZE CACHE(10)")                                                              \
	X(SCSI, 0x37, 1, "READ DEFECT DATA(10)")                                                               \
	X(SCSI, 0x3b, 1, "WRITE BUFFER")                                                                       \
	X(SCSI, 0x3c, 1, "READ BUFFER")                                                                        \
	X(SCSI, 0x41, 1, "WRITE SAME(10)")                                                                     \
	X(SCSI, 0x42, 1, "UNMAP")                                                                              \
	X(SCSI, 0x43, 1, "READ TOC")                                                                           \
	X(SCSI, 0x46, 1, "GET CONFIGURATION")                                                                  \
	X(SCSI, 0x48, 1, "SANITIZE")                                                                           \
	X(SCSI, 0x4a, 0, "GET EVENT STATUS NOTIFICATION")                                                      \
	X(SCSI, 0x4c, 1, "LOG SELECT")                                                                         \
	X(SCSI, 0x4d, 1, "LOG SENSE")                                                                          \
	X(SCSI, 0x51, 1, "READ DISC INFORMATION")                                                              \
	X(SCSI, 0x55, 1, "MODE SELECT(10)")                                                                    \
	X(SCSI, 0x5a, 1, "MODE SENSE(10)")                                                                     \
	X(SCSI, 0x5e, 1, "PERSISTENT RESERVE IN")                                                              \
	X(SCSI, 0x5f, 1, "PERSISTENT RESERVE OUT")                                                             \
	X(SCSI, 0x83, 1, "EXTENDED COPY")                                                                      \
	X(SCSI, 0x88, 1, "READ(16)")                                                                           \
	X(SCSI, 0x8a, 1, "WRITE(16)")                                                                          \
	X(SCSI, 0x8f, 1, "VERIFY(16)")                                                                         \
	X(SCSI, 0x91, 1, "SYNCHRONIZE CACHE(16)")                                                              \
	X(SCSI, 0x93, 1, "WRITE SAME(16)")                                                                     \
	X(SCSI, 0x94, 1, "ZBC OUT")                                                                            \
	X(SCSI, 0x95, 1, "ZBC IN")                                                                             \
	X(SCSI, 0x9e, 1, "SERVICE ACTION IN(16)")                                                              \
	X(SCSI, 0xa0, 0, "REPORT LUNS")                                                                        \
	X(SCSI, 0xa2, 1, "SECURITY PROTOCOL IN")                                                               \
	X(SCSI, 0xa3, 1, "MAINTENANCE IN")                                                                     \
	X(SCSI, 0xa4, 1, "MAINTENANCE OUT")                                                                    \
	X(SCSI, 0xa8, 1, "READ(12)")                                                                           \
	X(SCSI, 0xaa, 1, "WRITE(12)")                                                                          \
	X(SCSI, 0xb5, 1, "SECURITY PROTOCOL OUT")                                                              \
	X(SCSI, 0xb7, 1, "READ DEFECT DATA(12)")                                                               \
	/* NVM Express, admin commands: they do not end a non-operational power state; include/linux/nvme.h */ \
	X(NVME_ADMIN, 0x00, 0, "DELETE I/O SUBMISSION QUEUE")                                                  \
	X(NVME_ADMIN, 0x01, 0, "CREATE I/O SUBMISSION QUEUE")                                                  \
	X(NVME_ADMIN, 0x02, 0, "GET LOG PAGE")                                                                 \
	X(NVME_ADMIN, 0x04, 0, "DELETE I/O COMPLETION QUEUE")                                                  \
	X(NVME_ADMIN, 0x05, 0, "CREATE I/O COMPLETION QUEUE")                                                  \
	X(NVME_ADMIN, 0x06, 0, "IDENTIFY")                                                                     \
	X(NVME_ADMIN, 0x08, 0, "ABORT")                                                                        \
	X(NVME_ADMIN, 0x09, 0, "SET FEATURES")                                                                 \
	X(NVME_ADMIN, 0x0a, 0, "GET FEATURES")                                                                 \
	X(NVME_ADMIN, 0x0c, 0, "ASYNCHRONOUS EVENT REQUEST")                                                   \
	X(NVME_ADMIN, 0x0d, 0, "NAMESPACE MANAGEMENT")                                                         \
	X(NVME_ADMIN, 0x10, 0, "FIRMWARE COMMIT")                                                              \
	X(NVME_ADMIN, 0x11, 0, "FIRMWARE IMAGE DOWNLOAD")                                                      \
	X(NVME_ADMIN, 0x14, 0, "DEVICE SELF-TEST")                                                             \
	X(NVME_ADMIN, 0x15, 0, "NAMESPACE ATTACHMENT")                                                         \
	X(NVME_ADMIN, 0x18, 0, "KEEP ALIVE")                                                                   \
	X(NVME_ADMIN, 0x19, 0, "DIRECTIVE SEND")                                                               \
	X(NVME_ADMIN, 0x1a, 0, "DIRECTIVE RECEIVE")                                                            \
	X(NVME_ADMIN, 0x1c, 0, "VIRTUALIZATION MANAGEMENT")                                                    \
	X(NVME_ADMIN, 0x1d, 0, "NVME-MI SEND")                                                                 \
	X(NVME_ADMIN, 0x1e, 0, "NVME-MI RECEIVE")                                                              \
	X(NVME_ADMIN, 0x7c, 0, "DOORBELL BUFFER CONFIG")                                                       \
	X(NVME_ADMIN, 0x7f, 0, "FABRICS")                                                                      \
	X(NVME_ADMIN, 0x80, 0, "FORMAT NVM")                                                                   \
	X(NVME_ADMIN, 0x81, 0, "SECURITY SEND")                                                                \
	X(NVME_ADMIN, 0x82, 0, "SECURITY RECEIVE")                                                             \
	X(NVME_ADMIN, 0x84, 0, "SANITIZE")                                                                     \
	X(NVME_ADMIN, 0x86, 0, "GET LBA STATUS")                                                               \
	/* NVM Express, I/O commands: they do */                                                               \
	X(NVME_IO, 0x00, 1, "FLUSH")                                                                           \
	X(NVME_IO, 0x01, 1, "WRITE")                                                                           \
	X(NVME_IO, 0x02, 1, "READ")                                                                            \
	X(NVME_IO, 0x04, 1, "WRITE UNCORRECTABLE")                                                             \
	X(NVME_IO, 0x05, 1, "COMPARE")                                                                         \
	X(NVME_IO, 0x08, 1, "WRITE ZEROES")                                                                    \
	X(NVME_IO, 0x09, 1, "DATASET MANAGEMENT")                                                              \
	X(NVME_IO, 0x0c, 1, "VERIFY")                                                                          \
	X(NVME_IO, 0x0d, 1, "RESERVATION REGISTER")                                                            \
	X(NVME_IO, 0x0e, 1, "RESERVATION REPORT")                                                              \
	X(NVME_IO, 0x11, 1, "RESERVATION ACQUIRE")                                                             \
	X(NVME_IO, 0x15, 1, "RESERVATION RELEASE")                                                             \
	X(NVME_IO, 0x19, 1, "COPY")                                                                            \
	X(NVME_IO, 0x79, 1, "ZONE MANAGEMENT SEND")                                                            \
	X(NVME_IO, 0x7a, 1, "ZONE MANAGEMENT RECEIVE")                                                         \
	X(NVME_IO, 0x7d, 1, "ZONE APPEND")

#endif
