/*
 * What disk images held before a recorded session wrote to them.
 *
 * A recording (machine/record.h) of a machine whose disks are written in place holds what each
 * piece of an image held before its first change since the image was put in.  With that, the images
 * as they are now, and an overlay that is dropped, a replay sees what the session saw.
 */
#ifndef MACHINE_DISK_PAST_H
#define MACHINE_DISK_PAST_H

#include "machine/media/media.h"
#include "snapshots/identity.h"

struct disk_past;

/* Reads the recording through.  What is damaged there is for the replay to tell; NULL with the
 * reason when there is none or no memory. */
struct disk_past *disk_past_open(const char *log, struct status *status);
void disk_past_close(struct disk_past *past);

/* The image that the recording names so is found under that path now (borrowed). */
void disk_past_found(struct disk_past *past, const char *recorded, const char *place);
/* From now on images are wanted as they were at that record; at first: at the start. */
void disk_past_at(struct disk_past *past, uint64_t record);

/* Whether the host did not let the session write to the image. */
bool disk_past_protected(const struct disk_past *past, const char *path);
/* Makes the medium, which has an overlay, what its image was. */
bool disk_past_restore(struct disk_past *past, struct media *media, struct status *status);
/* Identity of the file as it was. */
bool disk_past_identity(struct disk_past *past, const char *path, struct identity *identity,
                        struct status *status);

#endif
