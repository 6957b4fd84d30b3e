/*
 * CPU models by name, and features that are added to them and taken away.
 */
#include "base/likeness.h"
#include "frontend/x86/cpu/cpu.h"

#include <string.h>

/* clang-format off */
static const struct x86_model models[] = {
#define MODEL(model_name, model_what, ...) {.name = model_name, .what = model_what, __VA_ARGS__},
#define ALIAS(alias, name, what)
#include "frontend/x86/cpu/models.def"
#undef MODEL
#undef ALIAS
};

static const struct {
    const char *alias, *name, *what;
} aliases[] = {
#define MODEL(...)
#define ALIAS(alias, name, what) {alias, name, what},
#include "frontend/x86/cpu/models.def"
#undef MODEL
#undef ALIAS
};

enum cpu_feature {
#define CPU_FEATURE(id, name, word, bit, needs) CPU_FEATURE_##id,
#include "frontend/x86/cpu/cpu_features.def"
#undef CPU_FEATURE
    CPU_FEATURES
};
_Static_assert((int)CPU_FEATURES <= 64, "needs is a mask of them");

#define NEEDS(id) (UINT64_C(1) << CPU_FEATURE_##id)
static const struct feature_row {
    const char *name;
    uint8_t word; /* enum x86_feature_word */
    uint32_t bit;
    uint64_t needs;
} features[] = {
#define CPU_FEATURE(id, name, word, bit, needs) {name, word, bit, needs},
#include "frontend/x86/cpu/cpu_features.def"
#undef CPU_FEATURE
};
/* clang-format on */

enum {
    MODELS = sizeof(models) / sizeof(models[0]),
    ALIASES = sizeof(aliases) / sizeof(aliases[0])
};

static const struct x86_model *find(const char *name, size_t length)
{
    for (size_t i = 0; i < ALIASES; i++) {
        if (strlen(aliases[i].alias) == length && strncmp(aliases[i].alias, name, length) == 0) {
            return find(aliases[i].name, strlen(aliases[i].name));
        }
    }
    for (size_t i = 0; i < MODELS; i++) {
        if (strlen(models[i].name) == length && strncmp(models[i].name, name, length) == 0) {
            return &models[i];
        }
    }
    return NULL;
}

const struct x86_model *x86_model_find(const char *name)
{
    return find(name, strlen(name));
}

bool x86_model_has_bswap(const struct x86_model *model)
{
    return model->family >= 4 || model->features[WORD_HIDDEN] & FEATURE_X_I486;
}

void x86_model_list(void (*each)(void *user, const char *name, const char *what), void *user)
{
    for (size_t i = 0; i < MODELS; i++) {
        each(user, models[i].name, models[i].what);
    }
    for (size_t i = 0; i < ALIASES; i++) {
        each(user, aliases[i].alias, aliases[i].what);
    }
}

void x86_feature_list(void (*each)(void *user, const char *name), void *user)
{
    for (size_t i = 0; i < CPU_FEATURES; i++) {
        each(user, features[i].name);
    }
}

/* Number of the feature of that name, or CPU_FEATURES. */
static unsigned find_feature(const char *name, size_t length)
{
    unsigned i = 0;
    while (i < CPU_FEATURES &&
           (strlen(features[i].name) != length || strncmp(features[i].name, name, length) != 0)) {
        i++;
    }
    return i;
}

/* The nearer of two names to one that nobody knows, the longer one when both are as near; NULL:
 * neither is near. */
static const char *nearer(const char *best, const char *name, const char *unknown, size_t length)
{
    unsigned distance = likeness_distance(unknown, length, name);
    if (!best) {
        return distance <= likeness_limit(length) ? name : NULL;
    }
    unsigned least = likeness_distance(unknown, length, best);
    bool longer = strlen(name) > strlen(best);
    return distance < least || (distance == least && longer) ? name : best;
}

static bool unknown(const char *kind, const char *name, size_t length, const char *meant,
                    struct status *status)
{
    return meant ? status_fail(status,
                               "unknown CPU %s \"%.*s\" (did you mean %s? `--cpu help` "
                               "lists them)",
                               kind, (int)length, name, meant)
                 : status_fail(status, "unknown CPU %s \"%.*s\" (`--cpu help` lists them)", kind,
                               (int)length, name);
}

static bool unknown_model(const char *name, size_t length, struct status *status)
{
    const char *meant = NULL;
    for (size_t i = 0; i < MODELS; i++) {
        meant = nearer(meant, models[i].name, name, length);
    }
    for (size_t i = 0; i < ALIASES; i++) {
        meant = nearer(meant, aliases[i].alias, name, length);
    }
    return unknown("model", name, length, meant, status);
}

static bool unknown_feature(const char *name, size_t length, struct status *status)
{
    const char *meant = NULL;
    for (size_t i = 0; i < CPU_FEATURES; i++) {
        meant = nearer(meant, features[i].name, name, length);
    }
    return unknown("feature", name, length, meant, status);
}

/* Why a feature cannot be added (on) or taken away, or NULL. */
static const char *refusal(const struct x86_model *model, unsigned feature, bool on)
{
    if (feature == CPU_FEATURE_I486) {
        return model->family < 3          ? "they want 32-bit registers"
               : model->family > 3 && !on ? "they belong to it"
                                          : NULL;
    }
    if (!on) {
        return NULL;
    }
    if (feature != CPU_FEATURE_FPU && !model->max_leaf) {
        return "it has no CPUID instruction";
    }
    return NULL;
}

static void set(struct x86_model *model, unsigned feature, bool on)
{
    uint32_t *word = &model->features[features[feature].word];
    *word = on ? *word | features[feature].bit : *word & ~features[feature].bit;
}

static void add(struct x86_model *model, unsigned feature)
{
    set(model, feature, true);
    for (unsigned i = 0; i < CPU_FEATURES; i++) {
        if (features[feature].needs >> i & 1) {
            add(model, i);
        }
    }
}

/* A feature goes with all that need it. */
static void take(struct x86_model *model, unsigned feature)
{
    set(model, feature, false);
    for (unsigned i = 0; i < CPU_FEATURES; i++) {
        if (features[i].needs >> feature & 1) {
            take(model, i);
        }
    }
}

/* CPUID reaches as far as there are features to show; PAE makes more addresses. */
static void widen(struct x86_model *model)
{
    if (model->features[WORD_1_ECX] & FEATURE_C_MONITOR && model->max_leaf < 5) {
        model->max_leaf = 5;
    }
    if ((model->features[WORD_7_EBX] | model->features[WORD_7_ECX]) && model->max_leaf < 7) {
        model->max_leaf = 7;
    }
    if (model->features[WORD_1_ECX] & FEATURE_C_XSAVE && model->max_leaf < 13) {
        model->max_leaf = 13;
    }
    if ((model->features[WORD_EXT_EDX] | model->features[WORD_EXT_ECX]) && !model->max_extended) {
        model->max_extended = 0x80000001;
    }
    if (model->features[WORD_1_EDX] & (FEATURE_PAE | FEATURE_PSE36) && model->address_bits < 33) {
        model->address_bits = 36;
    }
}

static bool change(struct x86_model *model, const char *word, size_t length, struct status *status)
{
    bool known_sign = length > 1 && (*word == '+' || *word == '-');
    unsigned feature = known_sign ? find_feature(word + 1, length - 1) : CPU_FEATURES;
    if (!known_sign) {
        return status_fail(status, "--cpu: \"%.*s\" is not +FEATURE or -FEATURE", (int)length,
                           word);
    }
    if (feature == CPU_FEATURES) {
        return unknown_feature(word + 1, length - 1, status);
    }
    const char *reason = refusal(model, feature, *word == '+');
    if (reason) {
        return status_fail(status, "CPU model %s cannot %s %s: %s", model->name,
                           *word == '+' ? "have" : "lack", features[feature].name, reason);
    }
    if (*word == '+') {
        add(model, feature);
    } else {
        take(model, feature);
    }
    return true;
}

bool x86_model_configure(struct x86_model *out, const char *text, struct status *status)
{
    size_t length = strcspn(text, ",");
    const struct x86_model *model = find(text, length);
    if (!model) {
        return unknown_model(text, length, status);
    }
    *out = *model;
    for (const char *at = text + length; *at; at += length) {
        at++;
        length = strcspn(at, ",");
        if (!change(out, at, length, status)) {
            return false;
        }
    }
    widen(out);
    return true;
}
