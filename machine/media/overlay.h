/* Sparse store of changed clusters: a two-level table from cluster number to 64 KiB of memory. */
#ifndef MACHINE_MEDIA_OVERLAY_H
#define MACHINE_MEDIA_OVERLAY_H

#include "machine/media/media.h"

struct overlay;

/* NULL when memory is short. */
struct overlay *overlay_create(uint64_t clusters);
void overlay_destroy(struct overlay *overlay);

/* The changed cluster, or NULL when it is unchanged. */
uint8_t *overlay_find(const struct overlay *overlay, uint64_t cluster);
/* The cluster, made (zeroed) when absent; NULL when memory is short or the number is too large. */
uint8_t *overlay_make(struct overlay *overlay, uint64_t cluster);
void overlay_clear(struct overlay *overlay);
void overlay_each(const struct overlay *overlay, media_cluster_visitor *visit, void *user);

#endif
