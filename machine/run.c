#define _GNU_SOURCE
#include "machine/run.h"

#include "machine/code_cache.h"
#include "machine/control.h"
#include "machine/fork.h"
#include "machine/host_clock.h"
#include "machine/migrate.h"
#include "machine/pc.h"
#include "machine/record.h"
#include "machine/replay.h"
#include "machine/resolve.h"
#include "machine/screen.h"
#include "machine/script.h"
#include "machine/snapshot.h"
#include "machine/stats.h"
#include "machine/timeline.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    WAIT_DESCRIPTORS = 16,
    PACE_AHEAD_NS = 2000000,
    PACE_BEHIND_NS = 100000000,
    REPLAY_SLICE_NS = 10000000, /* nobody waits for an answer */
};
enum { FORKS = 64 };

struct session {
    struct machine machine;
    struct control *control;   /* NULL: none */
    struct script *script;     /* NULL: none */
    struct screen *screen;     /* NULL: no window */
    struct recorder *recorder; /* NULL: nothing is recorded */
    struct replay *replay;     /* NULL: this is no replay; borrowed */
    struct timeline *timeline; /* NULL: nobody can ask to go back */
    struct sigaction old_int, old_term;
    sigset_t old_mask;
    int signals; /* read end of the signal pipe */
    uint64_t host_start_ns;
    uint64_t virtual_base_ns, host_base_ns; /* pacing: these two instants coincide */
    uint64_t host_limit_ns;                 /* 0: none */
    char *autosave;                         /* file, or NULL: none */
    uint64_t autosave_ns;                   /* between two */
    uint64_t autosave_at_ns;                /* host time of the next */
    char control_address[128];              /* of this process: a fork has its own */
    unsigned forks;                         /* copies made so far */
    pid_t copies[FORKS];                    /* to be waited for; 0: none */
    bool is_copy;
    bool unpaced;
    bool trouble; /* the host could not read or write an image, or the recording */
};

/* The handler may only write to a pipe; its descriptor cannot be passed to it otherwise. */
/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables) */
static volatile sig_atomic_t signal_pipe = -1;

static void on_signal(int number)
{
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t ignored = write(signal_pipe, &byte, 1);
    (void)ignored;
    errno = saved;
}

static bool open_signal_pipe(struct session *session, struct status *status)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return status_fail_errno(status, "cannot make a pipe");
    }
    session->signals = ends[0];
    signal_pipe = ends[1];
    return true;
}

static bool catch_signals(struct session *session, struct status *status)
{
    if (!open_signal_pipe(session, status)) {
        return false;
    }
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, &session->old_int);
    sigaction(SIGTERM, &action, &session->old_term);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file may not grow: the write fails, and the guest is told */
    return true;
}

/* Waits until something from outside may have come, or that long. */
static void wait_outside(struct session *session, uint64_t ns)
{
    struct pollfd fds[WAIT_DESCRIPTORS];
    nfds_t count = 0;
    fds[count++] = (struct pollfd){.fd = session->signals, .events = POLLIN};
    for (unsigned n = 0; n < PC_UARTS; n++) {
        int fd = serial_host_descriptor(&session->machine.pc->serial[n]);
        if (fd >= 0) {
            fds[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
        }
    }
    if (snapshot_descriptor(&session->machine) >= 0) {
        fds[count++] =
            (struct pollfd){.fd = snapshot_descriptor(&session->machine), .events = POLLIN};
    }
    if (migrate_descriptor(&session->machine) >= 0) {
        fds[count++] =
            (struct pollfd){.fd = migrate_descriptor(&session->machine), .events = POLLIN};
    }
    count += control_descriptors(session->control, fds + count, WAIT_DESCRIPTORS - count);
    uint64_t most = screen_wait_ns(session->screen);
    ns = ns < most ? ns : most;
    if (session->host_limit_ns) {
        uint64_t end = session->host_start_ns + session->host_limit_ns;
        uint64_t now = host_ns();
        uint64_t left = end > now ? end - now : 0;
        ns = ns < left ? ns : left;
    }
    struct timespec timeout = {(time_t)(ns / CLOCK_NS_PER_S), (long)(ns % CLOCK_NS_PER_S)};
    ppoll(fds, count, &timeout, NULL);
}

static void take_signals(struct session *session)
{
    unsigned char byte;
    while (read(session->signals, &byte, 1) == 1) {
        machine_quit(&session->machine, EXIT_OK);
    }
}

/* The user learns at once that the host failed a drive (the guest saw an I/O error) or the
 * recording. */
static void report_trouble(struct session *session)
{
    struct status status = {0};
    while (drives_trouble(&session->machine.pc->drives, &status) ||
           recorder_trouble(session->recorder, &status)) {
        fprintf(stderr, "vestige: %s\n", status.text);
        session->trouble = true;
    }
}

/* Begins an autosave when one is due and tells how the one before ended. */
static void autosave(struct session *session)
{
    struct machine *machine = &session->machine;
    struct status status = {0};
    uint64_t now = host_ns();
    if (!session->autosave || now < session->autosave_at_ns || snapshot_saving(machine)) {
        return;
    }
    session->autosave_at_ns = now + session->autosave_ns;
    if (!snapshot_save_live(machine, session->autosave, true, &status)) {
        fprintf(stderr, "vestige: %s\n", status.text);
    }
}

/* The end of a live save, memory that a loaded snapshot still owes, and what went wrong there. */
static void look_at_snapshots(struct session *session)
{
    struct machine *machine = &session->machine;
    struct status status = {0};
    char *text = NULL;
    bool saving = snapshot_saving(machine);
    snapshot_poll(machine, machine->ctx->halted || machine->paused);
    if (saving && !snapshot_saving(machine) && session->autosave &&
        !snapshot_outcome(machine, &text, &status)) {
        fprintf(stderr, "vestige: %s\n", status.text);
    }
    free(text);
    if (snapshot_trouble(machine, &status)) {
        fprintf(stderr, "vestige: %s\n", status.text);
    }
    autosave(session);
}

/* Copies that have ended are let go. */
static void reap_copies(struct session *session)
{
    for (unsigned i = 0; i < FORKS; i++) {
        int how;
        if (session->copies[i] && waitpid(session->copies[i], &how, WNOHANG) != 0) {
            session->copies[i] = 0;
        }
    }
}

static void note_copy(struct session *session, pid_t copy)
{
    for (unsigned i = 0; i < FORKS; i++) {
        if (!session->copies[i]) {
            session->copies[i] = copy;
            return;
        }
    }
}

/* In the n-th copy: everything that the parent keeps is let go of, the rest is opened anew. */
static bool become_copy(struct session *session, unsigned n, struct status *status)
{
    char address[sizeof(session->control_address) + 16];
    snprintf(address, sizeof(address), "%s.%u", session->control_address, n);
    if (strlen(address) >= sizeof(session->control_address)) {
        return status_fail(status, "%s: too long for a socket", address);
    }
    memcpy(session->control_address, address, strlen(address) + 1);
    session->is_copy = true;
    session->screen = NULL; /* the window is the parent's */
    session->forks = 0;
    session->machine.forks_wanted = 0;
    memset(session->copies, 0, sizeof(session->copies));
    free(session->autosave);
    session->autosave = NULL;
    close(session->signals);
    close(signal_pipe);
    return open_signal_pipe(session, status) && control_forked(session->control, address, status);
}

/* Makes the copies that were asked for and waits until each listens; true in a copy. */
static bool make_copies(struct session *session, int ready[2], struct status *status)
{
    struct machine *machine = &session->machine;
    unsigned wanted = machine->forks_wanted;
    for (unsigned i = 0; i < wanted && !status->failed; i++) {
        pid_t copy = fork_machine(machine, session->forks + 1, status);
        if (copy == 0) {
            bool good = !status->failed && become_copy(session, session->forks + 1, status);
            if (!good || write(ready[1], "", 1) != 1) {
                _exit(EXIT_BUG);
            }
            return true;
        }
        session->forks += copy > 0;
        if (copy > 0) {
            note_copy(session, copy);
        }
    }
    close(ready[1]);
    ready[1] = -1;
    unsigned answered = 0;
    char byte;
    while (answered < wanted && read(ready[0], &byte, 1) == 1) {
        answered++;
    }
    if (answered < wanted && !status->failed) {
        status_fail(status, "%u of %u copies could not start", wanted - answered, wanted);
    }
    return false;
}

static void fork_if_wanted(struct session *session)
{
    struct machine *machine = &session->machine;
    struct status status = {0};
    char text[64];
    int ready[2];
    reap_copies(session);
    if (!machine->forks_wanted) {
        return;
    }
    uint64_t start = host_ns();
    bool in_copy = false;
    if (pipe2(ready, O_CLOEXEC) != 0) {
        status_fail_errno(&status, "cannot make a pipe");
    } else {
        in_copy = make_copies(session, ready, &status);
        close(ready[0]);
        if (ready[1] >= 0) {
            close(ready[1]);
        }
    }
    if (!in_copy) {
        snprintf(text, sizeof(text), "%u copies, %.1f ms each", machine->forks_wanted,
                 (double)(host_ns() - start) / 1e6 / machine->forks_wanted);
        machine->forks_wanted = 0;
        control_forks_done(session->control, !status.failed, text, &status);
    }
}

/* Everything from outside that has come since the last slice. */
static void look_outside(struct session *session)
{
    struct machine *machine = &session->machine;
    take_signals(session);
    for (unsigned n = 0; n < PC_UARTS; n++) {
        serial_host_poll(&machine->pc->serial[n]);
    }
    look_at_snapshots(session);
    migrate_poll(machine);
    control_poll(session->control);
    fork_if_wanted(session);
    screen_poll(session->screen);
    report_trouble(session);
    if (session->host_limit_ns && host_ns() - session->host_start_ns > session->host_limit_ns) {
        machine_quit(machine, EXIT_OK);
    }
}

static void rebase(struct session *session, uint64_t host)
{
    session->virtual_base_ns = machine_now(&session->machine);
    session->host_base_ns = host;
}

/* Holds virtual time to the host's; a host that is too slow is not caught up with. */
static void pace(struct session *session, bool idle)
{
    struct machine *machine = &session->machine;
    uint64_t host = host_ns();
    int64_t ahead = (int64_t)(machine_now(machine) - session->virtual_base_ns) -
                    (int64_t)(host - session->host_base_ns);
    if (session->unpaced) {
        /* Nothing to wait for but the outside: a guest that idles without timers. */
        if (idle && clock_deadline(machine->clock) == CLOCK_NEVER && !session->script) {
            wait_outside(session, CLOCK_NS_PER_S / 20);
        }
        return;
    }
    if (ahead < -(int64_t)PACE_BEHIND_NS) {
        rebase(session, host);
    } else if (ahead > (int64_t)(idle ? 0 : PACE_AHEAD_NS)) {
        wait_outside(session, (uint64_t)ahead);
    }
}

/* The host's time on the guest's clock. */
static uint64_t host_on_guest_clock(const struct session *session)
{
    return session->virtual_base_ns + (host_ns() - session->host_base_ns);
}

/* The end of the slice that begins now: the next boundary.  An idle processor is slept through,
 * whatever the number of slices; something from outside ends its sleep. */
static uint64_t next_slice_end(struct session *session)
{
    struct machine *machine = &session->machine;
    uint64_t slice =
        session->replay && session->unpaced ? REPLAY_SLICE_NS : (uint64_t)MACHINE_SLICE_NS;
    uint64_t end = machine_now(machine) + slice;
    end -= end % slice;
    if (session->unpaced || session->script || machine->inputs.key_count) {
        return end; /* keys are let in one by one, as time goes by */
    }
    uint64_t now = host_on_guest_clock(session);
    uint64_t due = machine_idle_until(machine);
    due = due < now + CLOCK_NS_PER_S ? due : now + CLOCK_NS_PER_S;
    if (session->replay && replay_next_ns(session->replay) < due) {
        due = replay_next_ns(session->replay);
    }
    if (due <= end || due <= now) {
        return end;
    }
    wait_outside(session, due - now);
    now = host_on_guest_clock(session);
    now = now < due + PACE_BEHIND_NS ? now : due + PACE_BEHIND_NS;
    return now > end ? now : end;
}

static void run_slice(struct session *session)
{
    struct machine *machine = &session->machine;
    if (machine->paused) {
        wait_outside(session, snapshot_loading(machine) ? 0 : CLOCK_NS_PER_S);
        rebase(session, host_ns());
        return;
    }
    inputs_deliver(machine);
    uint64_t end = next_slice_end(session);
    bool idle =
        session->replay ? replay_run_until(session->replay, end) : machine_run_until(machine, end);
    recorder_mark(session->recorder);
    timeline_tick(session->timeline);
    if (machine_icount(machine) >= machine->stop_icount && !machine->quit) {
        machine_quit(machine, EXIT_OK);
    }
    pace(session, idle);
}

static void loop(struct session *session)
{
    struct machine *machine = &session->machine;
    session->host_start_ns = host_ns();
    rebase(session, session->host_start_ns);
    while (!machine->quit) {
        run_slice(session);
        script_run(session->script);
        look_outside(session);
    }
}

/* Nobody should wonder why it is slow. */
static void tell_about_engine(const struct config *config)
{
    const char *why = resolve_engine_lost(config);
    if (why) {
        fprintf(stderr, "vestige: the portable engine runs, not the native one: %s\n", why);
    }
}

/* Nobody should lose work because he did not know how recordings treat disks. */
static void tell_about_disks(const struct session *session)
{
    const struct drives *drives = &session->machine.pc->drives;
    for (unsigned slot = 0; slot < DRIVE_SLOTS; slot++) {
        if (drives->drive[slot].media && !drives->drive[slot].block.read_only) {
            fputs("vestige: recording: changes to disks are dropped at the end\n", stderr);
            return;
        }
    }
}

/* What is recorded, or replayed, begins with the machine as it was made. */
static bool begin_recording(struct session *session, struct config *config, struct status *status)
{
    struct machine *machine = &session->machine;
    if (session->replay) {
        return replay_start(session->replay, machine, status) &&
               (!config->control ||
                NULL != (session->timeline = timeline_create(machine, session->replay, status)));
    }
    return !config->record ||
           NULL != (session->recorder = recorder_create(machine, config->record, status));
}

/* --autosave SECONDS[:FILE] */
static bool parse_autosave(struct session *session, const char *text, struct status *status)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || (*end && *end != ':') || !(seconds >= 0.1 && seconds < 1e9) ||
        (*end && !end[1])) {
        return status_fail(status, "--autosave %s is not SECONDS or SECONDS:FILE", text);
    }
    session->autosave = strdup(*end ? end + 1 : "autosave.vsnap");
    session->autosave_ns = (uint64_t)(seconds * 1e9);
    session->autosave_at_ns = host_ns() + session->autosave_ns;
    return session->autosave || status_fail(status, "no memory");
}

static bool open_session(struct session *session, struct config *config, struct incoming *incoming,
                         struct status *status)
{
    struct machine *machine = &session->machine;
    bool dropped = config->snapshot_disks; /* the user knows */
    session->host_limit_ns = (uint64_t)(resolve_host_seconds(config) * 1e9);
    /* Signals first: creating the machine changes the terminal, and reserves files. */
    if (!catch_signals(session, status) || (config->record && !recorder_prepare(config, status)) ||
        !machine_create(machine, config, status) ||
        (incoming && !incoming_receive(incoming, machine, status)) ||
        (config->snapshot && !snapshot_load(machine, config->snapshot, status)) ||
        !begin_recording(session, config, status)) {
        return false;
    }
    tell_about_engine(config);
    if (config->record && config->snapshot_disks && !dropped) {
        tell_about_disks(session);
    }
    if (config->autosave && !parse_autosave(session, config->autosave, status)) {
        return false;
    }
    snprintf(session->control_address, sizeof(session->control_address), "%s",
             config->control ? config->control : "");
    if (config->control && !(session->control = control_create(machine, config->control, status))) {
        return false;
    }
    if (config->script && !(session->script = script_open(machine, config->script, status))) {
        return false;
    }
    return stats_check(config->stats.value, status) &&
           screen_open(&session->screen, machine, config->display, status);
}

static void close_session(struct session *session)
{
    script_close(session->script);
    if (session->machine.snapshots) {
        snapshot_wait(&session->machine);
        control_poll(session->control); /* whoever waits for it is answered */
    }
    free(session->autosave);
    control_destroy(session->control);
    screen_close(session->screen);
    recorder_close(session->recorder);
    timeline_destroy(session->timeline);
    machine_destroy(&session->machine);
}

static int fail(const struct status *status)
{
    fprintf(stderr, "vestige: %s\n", status->text);
    return EXIT_USER;
}

static void help(FILE *out)
{
    fputs("usage: vestige run [IMAGE]... [options]\n\n"
          "Runs the operating system on the images; each is recognised by its content.  A machine "
          "file\n"
          "among them holds options, one a line (memory = 64M); the command line wins.\n\n",
          out);
    config_help(out);
}

static void print_model(void *user, const char *name, const char *what)
{
    fprintf(user, "  %-11s %s\n", name, what);
}

/* A line of names that is broken where it is full. */
struct names {
    FILE *out;
    size_t column;
};

static void print_feature(void *user, const char *name)
{
    enum { WIDTH = 80 };
    struct names *names = user;
    if (names->column + 1 + strlen(name) > WIDTH) {
        fputs("\n ", names->out);
        names->column = 1;
    }
    fprintf(names->out, " %s", name);
    names->column += 1 + strlen(name);
}

static void list_models(FILE *out)
{
    struct names names = {.out = out, .column = 1};
    fputs("models (--cpu NAME[,+FEATURE,-FEATURE...]):\n", out);
    x86_model_list(print_model, out);
    fputs("features, as in --cpu p3,+nx,-sse; what one needs comes and goes with it:\n ", out);
    x86_feature_list(print_feature, &names);
    fputc('\n', out);
}

/* What the replay came to; the exit status. */
static int report_replay(struct session *session, int result)
{
    struct status status = {0};
    if (session->replay) {
        replay_verdict(session->replay, &status, &result);
        fprintf(stderr, "vestige: %s\n", status.text);
    }
    return result;
}

static bool save_at_end(struct machine *machine, const char *path, struct status *status)
{
    snapshot_wait(machine);
    return snapshot_save(machine, path, true, status);
}

/* replay NULL: an ordinary run; incoming: where its machine comes from, or NULL. */
static int run_session(struct config *config, struct replay *replay, struct incoming *incoming,
                       bool unpaced)
{
    struct session *session = calloc(1, sizeof(*session));
    struct status status = {0};
    if (!session) {
        return EXIT_BUG;
    }
    session->replay = replay;
    session->unpaced = unpaced;
    bool opened = open_session(session, config, incoming, &status);
    incoming_close(incoming, &status);
    if (!opened) {
        close_session(session);
        free(session);
        return fail(&status);
    }
    loop(session);
    int result = session->machine.status;
    drives_flush(&session->machine.pc->drives);
    recorder_end(session->recorder);
    report_trouble(session);
    if (session->trouble && result == EXIT_OK) {
        result = EXIT_USER;
    }
    if (session->is_copy) {
        close_session(session); /* what is written at the end is the first one's to write */
        free(session);
        return result;
    }
    result = report_replay(session, result);
    if (config->code_cache.given && !code_cache_save(&session->machine, &status)) {
        result = fail(&status);
    }
    if (config->stats.given && !stats_write(&session->machine, host_ns() - session->host_start_ns,
                                            config->stats.value, &status)) {
        result = fail(&status);
    }
    if (config->save_on_exit && !session->machine.ended_by_guest &&
        !save_at_end(&session->machine, config->save_on_exit, &status)) {
        result = fail(&status);
    }
    close_session(session);
    free(session);
    return result;
}

static int fail_until(struct status *status)
{
    status_fail(status, "--until is for `vestige replay`; --for stops a run");
    return fail(status);
}

int run_command(int argc, char **argv)
{
    struct config config = {0};
    struct status status = {0};
    int result = EXIT_OK;
    if (!config_parse(&config, argc, argv, &status) || !snapshot_take(&config, &status)) {
        result = fail(&status);
    } else if (config.help) {
        help(stdout);
    } else if (config.cpu && strcmp(config.cpu, "help") == 0) {
        list_models(stdout);
    } else if (config.incoming) {
        struct incoming *incoming = incoming_wait(&config, &status);
        result = incoming ? run_session(&config, NULL, incoming, resolve_unpaced(&config))
                          : fail(&status);
    } else if (config.no_opt.count && strcmp(config.no_opt.item[0], "help") == 0) {
        resolve_list_passes(stdout);
    } else {
        result = config.until ? fail_until(&status)
                              : run_session(&config, NULL, NULL, resolve_unpaced(&config));
    }
    config_free(&config);
    return result;
}

/* Everything but what is said about this run comes out of the recording. */
static bool check_replay(struct config *config, struct status *status)
{
    if (config->images.count != 1) {
        return status_fail(status, "replay takes one recording (vestige replay LOG [options])");
    }
    if (config->record || config->script) {
        return status_fail(status, "--%s: a replay takes no input from outside",
                           config->record ? "record" : "script");
    }
    return true;
}

/* Where to stop: --until, or --for instructions; UINT64_MAX: at the end. */
static bool replay_stop(const struct config *config, uint64_t *icount, struct status *status)
{
    const char *text = config->until ? config->until : config->run_for;
    double seconds;
    *icount = UINT64_MAX;
    if (text && (!resolve_limit(text, &seconds, icount) || (config->until && !*icount))) {
        return status_fail(status, "--%s %s is no instruction count",
                           config->until ? "until" : "for", text);
    }
    *icount = *icount ? *icount : UINT64_MAX;
    return true;
}

static int replay_recording(struct config *config, struct status *status)
{
    const char *path = config->images.item[0];
    bool unpaced = !config->speed || resolve_unpaced(config);
    uint64_t stop;
    if (!check_replay(config, status) || !replay_stop(config, &stop, status)) {
        return fail(status);
    }
    config->images.count = 0;
    config->speed = NULL; /* the recording says how many instructions a second there are */
    struct replay *replay = replay_open(path, config, status);
    if (!replay) {
        return fail(status);
    }
    replay_limit(replay, stop, config->paused);
    int result = run_session(config, replay, NULL, unpaced);
    replay_close(replay);
    return result;
}

int replay_command(int argc, char **argv)
{
    struct config config = {0};
    struct status status = {0};
    int result = EXIT_OK;
    if (!config_parse(&config, argc, argv, &status)) {
        result = fail(&status);
    } else if (config.help) {
        fputs("usage: vestige replay LOG [options]\n\n"
              "Repeats what `vestige run --record LOG` recorded, exactly (docs/REPLAY.md).  Of the "
              "options of\n`vestige run` those count that do not define the machine: --display, "
              "--engine, --speed max|real\n(default max), --until COUNT, --serial, --control, "
              "--paused, --stats.\n",
              stdout);
    } else {
        result = replay_recording(&config, &status);
    }
    config_free(&config);
    return result;
}
