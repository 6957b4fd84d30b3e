/* See overlay.h.  A directory covers 4096 clusters (256 MiB) and exists once one of them does. */
#include "machine/media/overlay.h"

#include <stdlib.h>

enum { DIRECTORY_CLUSTERS = 4096 };

struct overlay {
    uint64_t clusters;
    uint64_t directories;
    uint8_t ***directory;
};

struct overlay *overlay_create(uint64_t clusters)
{
    struct overlay *overlay = calloc(1, sizeof(*overlay));
    if (!overlay) {
        return NULL;
    }
    overlay->clusters = clusters;
    overlay->directories = clusters / DIRECTORY_CLUSTERS + 1;
    size_t directories = (size_t)overlay->directories;
    overlay->directory = directories == overlay->directories
                             ? calloc(directories, sizeof(*overlay->directory))
                             : NULL;
    if (!overlay->directory) {
        free(overlay);
        return NULL;
    }
    return overlay;
}

void overlay_clear(struct overlay *overlay)
{
    for (uint64_t d = 0; d < overlay->directories; d++) {
        uint8_t **directory = overlay->directory[d];
        for (unsigned i = 0; directory && i < DIRECTORY_CLUSTERS; i++) {
            free(directory[i]);
        }
        free(directory);
        overlay->directory[d] = NULL;
    }
}

void overlay_destroy(struct overlay *overlay)
{
    if (overlay) {
        overlay_clear(overlay);
        free(overlay->directory);
        free(overlay);
    }
}

uint8_t *overlay_find(const struct overlay *overlay, uint64_t cluster)
{
    if (cluster >= overlay->clusters) {
        return NULL;
    }
    uint8_t **directory = overlay->directory[cluster / DIRECTORY_CLUSTERS];
    return directory ? directory[cluster % DIRECTORY_CLUSTERS] : NULL;
}

uint8_t *overlay_make(struct overlay *overlay, uint64_t cluster)
{
    if (cluster >= overlay->clusters) {
        return NULL;
    }
    uint8_t ***slot = &overlay->directory[cluster / DIRECTORY_CLUSTERS];
    if (!*slot) {
        *slot = calloc(DIRECTORY_CLUSTERS, sizeof(**slot));
    }
    if (!*slot) {
        return NULL;
    }
    uint8_t **bytes = &(*slot)[cluster % DIRECTORY_CLUSTERS];
    if (!*bytes) {
        *bytes = calloc(1, MEDIA_CLUSTER_BYTES);
    }
    return *bytes;
}

void overlay_each(const struct overlay *overlay, media_cluster_visitor *visit, void *user)
{
    for (uint64_t d = 0; d < overlay->directories; d++) {
        uint8_t **directory = overlay->directory[d];
        for (unsigned i = 0; directory && i < DIRECTORY_CLUSTERS; i++) {
            if (directory[i]) {
                visit(user, d * DIRECTORY_CLUSTERS + i, directory[i]);
            }
        }
    }
}
