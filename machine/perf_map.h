/*
 * Names for translated code, as Linux's perf reads them: /tmp/perf-PID.map, a line for each piece
 * of code.  When code memory has been full and fills again, the newer lines are the true ones.
 */
#ifndef MACHINE_PERF_MAP_H
#define MACHINE_PERF_MAP_H

#include "base/status.h"
#include "translator/api/host.h"

struct perf_map;

/* Begins the file; symbols: path of a System.map, or NULL.  NULL with a message. */
struct perf_map *perf_map_create(const char *symbols, struct status *status);
void perf_map_destroy(struct perf_map *map);

/* translator_config.translated of a struct perf_map: a line for that block. */
void perf_map_add(void *user, const struct block *block, uint64_t linear);

#endif
