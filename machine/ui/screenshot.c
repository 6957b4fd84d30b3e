/* The only user of libpng. */
#include "machine/ui/screenshot.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    FILE *file;
    uint8_t *row; /* width * 3 bytes */
    png_structp png;
    png_infop info;
    char reason[160];
};

static void on_error(png_structp png, png_const_charp message)
{
    struct writer *writer = png_get_error_ptr(png);
    snprintf(writer->reason, sizeof(writer->reason), "%s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void pack_row(const uint32_t *pixels, uint32_t width, uint8_t *row)
{
    for (uint32_t x = 0; x < width; x++, row += 3) {
        row[0] = (uint8_t)(pixels[x] >> 16);
        row[1] = (uint8_t)(pixels[x] >> 8);
        row[2] = (uint8_t)pixels[x];
    }
}

/* False with writer->reason set when libpng gave up. */
static bool encode(struct writer *writer, const struct display_frame *frame)
{
    if (setjmp(png_jmpbuf(writer->png))) {
        return false;
    }
    png_init_io(writer->png, writer->file);
    png_set_IHDR(writer->png, writer->info, frame->width, frame->height, 8, PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(writer->png, writer->info);
    for (uint32_t y = 0; y < frame->height; y++) {
        pack_row(frame->pixels + (size_t)y * frame->width, frame->width, writer->row);
        png_write_row(writer->png, writer->row);
    }
    png_write_end(writer->png, writer->info);
    return true;
}

static bool write_stream(struct writer *writer, const struct display_frame *frame)
{
    writer->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, writer, on_error, on_warning);
    writer->info = writer->png ? png_create_info_struct(writer->png) : NULL;
    writer->row = malloc((size_t)frame->width * 3 + 1);
    bool done = false;
    if (writer->info && writer->row) {
        done = encode(writer, frame);
    } else {
        snprintf(writer->reason, sizeof(writer->reason), "out of memory");
    }
    free(writer->row);
    png_destroy_write_struct(&writer->png, &writer->info);
    return done;
}

bool screenshot_write(const struct display_frame *frame, const char *path, struct status *status)
{
    struct writer writer = {.file = fopen(path, "wb")};
    if (!writer.file) {
        return status_fail_errno(status, "cannot write screenshot %s", path);
    }
    bool done = write_stream(&writer, frame);
    if (fclose(writer.file) != 0 && done) {
        snprintf(writer.reason, sizeof(writer.reason), "%s", strerror(errno));
        done = false;
    }
    if (!done) {
        remove(path);
        return status_fail(status, "cannot write screenshot %s: %s", path, writer.reason);
    }
    return true;
}
