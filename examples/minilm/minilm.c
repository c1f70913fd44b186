/*
 * minilm.c - encodes the lines of a text file with the all-MiniLM-L6-v2 sentence encoder.
 *
 * The host of the example: reads the model and the text, runs the program once a line, compares
 * with the sequential version and with another framework, prints times. One thread.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "report.h"

/* Largest difference from the reference that passes. */
#define TOLERANCE 1e-4

/* What the command line says. */
struct settings {
    example_options common;
    const char *file;  /* --file; null: sentences.txt of the example */
    const char *model; /* --model */
    bool cache_off;    /* --cache-off: only without the cache */
    bool json;         /* --json */
    bool help;         /* --help */
};

/* Everything that is read before the first run. */
struct inputs {
    minilm_weights weights;
    wordpiece *vocabulary;
    minilm_lines lines;
    cJSON *reference; /* null if the file is not found */
    bert_ref *ref;
};

static const char help_text[] =
    "usage: minilm [options]\n"
    "\n"
    "Encodes every line of a text file with the all-MiniLM-L6-v2 sentence encoder, one run a "
    "line,\n"
    "and prints which lines are alike, how far the embeddings are from those of another "
    "framework,\n"
    "and how long it took. Fetch the model with scripts/fetch-model.sh.\n"
    "\n"
    "options:\n"
    "  --file TEXT       lines to encode (default: examples/minilm/sentences.txt)\n"
    "  --model DIR       folder with model.safetensors and vocab.txt\n"
    "                    (default: SLIPWAY_MODEL_DIR, else $HOME/.cache/slipway)\n"
    "  --platform NAME   cpu, a2a3sim, a5sim, a2a3 or a5 (default: cpu)\n"
    "  --threads N       threads of the runner (default: 0 = all)\n"
    "  --runs N          how often every line is encoded, 1 to 100000 (default: 5)\n"
    "  --audit N         1: check the dependencies of the last run (default: 0)\n"
    "  --program FILE    the program's shared object (default: beside this executable)\n"
    "  --cache-off       run only without the prebuilt-arena cache\n"
    "  --json            print one JSON object\n"
    "  --help            this text\n"
    "\n"
    "exit code: 0; 1 if something failed or an embedding differs by more than 1e-4; 2 for a wrong\n"
    "argument\n";

/* Reads a whole number from 0 to `max`; says what is wrong otherwise. */
static bool read_number(const char *name, const char *text, uint64_t max, uint64_t *out)
{
    char *end = NULL;
    unsigned long long value = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || text[0] == '-' || value > max) {
        (void)fprintf(stderr, "%s: wanted a whole number from 0 to %llu, found '%s'\n", name,
                      (unsigned long long)max, text);
        return false;
    }
    *out = value;
    return true;
}

/* Reads an option that has a value. */
static bool read_valued(const char *name, const char *value, struct settings *out)
{
    const struct {
        const char *name;
        const char **text; /* null: a number up to max */
        uint64_t *number;
        uint64_t max;
    } rows[] = {{"--file", &out->file, NULL, 0},
                {"--model", &out->model, NULL, 0},
                {"--platform", &out->common.platform, NULL, 0},
                {"--program", &out->common.program, NULL, 0},
                {"--runs", NULL, &out->common.runs, 100000},
                {"--threads", NULL, &out->common.threads, SLIP_MAX_THREADS},
                {"--audit", NULL, &out->common.audit, 1}};
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(name, rows[i].name) != 0) {
            continue;
        }
        if (value == NULL) {
            (void)fprintf(stderr, "%s needs a value\n", name);
            return false;
        }
        if (rows[i].text != NULL) {
            *rows[i].text = value;
            return true;
        }
        return read_number(name, value, rows[i].max, rows[i].number);
    }
    (void)fprintf(stderr, "'%s' is not an option; --help lists them\n", name);
    return false;
}

/* Reads the command line; false, after saying why, if it is wrong. */
static bool read_settings(int argc, char **argv, struct settings *out)
{
    memset(out, 0, sizeof(*out));
    out->common.platform = "cpu";
    out->common.runs = 5;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            out->help = true;
        } else if (strcmp(argv[i], "--json") == 0) {
            out->json = true;
        } else if (strcmp(argv[i], "--cache-off") == 0) {
            out->cache_off = true;
        } else if (read_valued(argv[i], i + 1 < argc ? argv[i + 1] : NULL, out)) {
            i++;
        } else {
            return false;
        }
    }
    if (out->common.runs == 0) {
        (void)fprintf(stderr, "--runs: wanted at least 1, found 0\n");
        return false;
    }
    return true;
}

/* Path of a file of this example: below the source folder, or relative to the executable. */
static bool find_data(const char *name, char *path, size_t room)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(self, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    const char *source = getenv("SLIPWAY_SOURCE_DIR");
    const char *const folders[][2] = {{source != NULL ? source : ".", "/examples/minilm"},
                                      {".", "/examples/minilm"},
                                      {self, "/../../examples/minilm"},
                                      {self, "/../../../examples/minilm"}};
    for (uint32_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        int wrote = snprintf(path, room, "%s%s/%s", folders[i][0], folders[i][1], name);
        if (wrote > 0 && (size_t)wrote < room && access(path, R_OK) == 0) {
            return true;
        }
    }
    return false;
}

/* Reads weights and vocabulary from the model's folder. */
static slip_status read_model(const struct settings *settings, struct inputs *in,
                              minilm_error *error)
{
    char folder_text[PATH_MAX];
    char path[PATH_MAX];
    const char *folder = minilm_model_folder(settings->model, folder_text, sizeof(folder_text));
    if (folder == NULL) {
        return minilm_fail(
            error, SLIP_E_FILE,
            "wanted the model's folder, found neither --model, SLIPWAY_MODEL_DIR nor "
            "HOME; set one of them");
    }
    slip_status status = minilm_model_file(folder, "model.safetensors", path, sizeof(path));
    if (status != SLIP_OK) {
        return minilm_fail(error, status, "%s: the name is too long", folder);
    }
    if (access(path, F_OK) != 0) {
        return minilm_fail(error, SLIP_E_FILE,
                           "%s: wanted the model there, found no file; fetch it with "
                           "scripts/fetch-model.sh, or name its folder with --model",
                           path);
    }
    status = minilm_weights_load(path, &in->weights, error);
    if (status == SLIP_OK) {
        status = minilm_model_file(folder, "vocab.txt", path, sizeof(path));
    }
    if (status == SLIP_OK) {
        status = wordpiece_open(path, &in->vocabulary, error);
    }
    if (status == SLIP_OK && wordpiece_count(in->vocabulary) != MINILM_VOCAB) {
        status = minilm_fail(error, SLIP_E_FORMAT,
                             "%s: wanted the model's %d words, found %u; fetch the model again",
                             path, MINILM_VOCAB, wordpiece_count(in->vocabulary));
    }
    return status;
}

/* Reads the model, the text and the reference. */
static slip_status read_inputs(const struct settings *settings, struct inputs *in,
                               minilm_error *error)
{
    char path[PATH_MAX];
    const char *file = settings->file;
    slip_status status = read_model(settings, in, error);
    if (status == SLIP_OK && file == NULL) {
        if (!find_data("sentences.txt", path, sizeof(path))) {
            return minilm_fail(error, SLIP_E_FILE,
                               "wanted examples/minilm/sentences.txt, found none; name a text with "
                               "--file, or run in the project's folder");
        }
        file = path;
    }
    if (status == SLIP_OK) {
        status = minilm_lines_read(file, in->vocabulary, &in->lines, error);
    }
    if (status == SLIP_OK && find_data("reference.json", path, sizeof(path))) {
        status = minilm_reference_read(path, &in->reference, error);
    }
    if (status == SLIP_OK) {
        in->ref = bert_ref_open(&in->weights);
        status = in->ref != NULL
                     ? SLIP_OK
                     : minilm_fail(error, SLIP_E_OUT_OF_MEMORY, "no memory for the workspace");
    }
    return status;
}

/* Frees what read_inputs made. */
static void free_inputs(struct inputs *in)
{
    bert_ref_close(in->ref);
    cJSON_Delete(in->reference);
    minilm_lines_free(&in->lines);
    wordpiece_close(in->vocabulary);
    minilm_weights_free(&in->weights);
}

/* Encodes every line `runs` times, line after line, so that the two sizings take turns. */
static bool encode_lines(const struct settings *settings, bool cache_off, struct inputs *in,
                         encoder *e)
{
    example_options options = settings->common;
    options.runs = settings->common.runs * in->lines.count;
    if (!encoder_open(&options, cache_off, &in->weights, e)) {
        return false;
    }
    for (uint64_t run = 0; run < settings->common.runs; run++) {
        for (uint32_t i = 0; i < in->lines.count; i++) {
            if (!encoder_run(e, &in->lines.line[i])) {
                return false;
            }
        }
    }
    return example_audit(&e->session);
}

/* Compares the embeddings with the sequential version and with the reference. */
static bool check_lines(struct inputs *in, minilm_report *report, bool *out_right)
{
    for (uint32_t i = 0; i < in->lines.count; i++) {
        minilm_line *line = &in->lines.line[i];
        bert_ref_encode(in->ref, line->ids.id, line->ids.count, line->sequential);
        double difference = minilm_difference(line->embedding, line->sequential);
        report->sequential = difference > report->sequential ? difference : report->sequential;
    }
    if (in->reference != NULL) {
        minilm_error error;
        if (minilm_reference_compare(in->reference, &in->lines, &report->agreement, &error) !=
            SLIP_OK) {
            (void)fprintf(stderr, "minilm: %s\n", error.text);
            return false;
        }
        minilm_reference_origin(in->reference, report->origin, sizeof(report->origin));
        report->has_reference = report->agreement.lines > 0;
    }
    *out_right = *out_right && report->sequential <= TOLERANCE &&
                 report->agreement.largest <= TOLERANCE && report->agreement.tokens == 0;
    return true;
}

/* Runs, checks, compares and prints; returns the exit code. */
static int run(const struct settings *settings, struct inputs *in)
{
    encoder on = {0};
    encoder off = {0};
    bool right = true;
    minilm_report report = {.platform = settings->common.platform, .lines = &in->lines};
    bool ok = settings->cache_off ||
              (encode_lines(settings, false, in, &on) && check_lines(in, &report, &right));
    ok = ok && encode_lines(settings, true, in, &off) && check_lines(in, &report, &right);
    report.on = settings->cache_off ? NULL : &on;
    report.off = &off;
    if (ok && !settings->cache_off && strcmp(settings->common.platform, "cpu") == 0) {
        ok = minilm_compare(&settings->common, &in->weights, in->ref, &in->lines, &report.times) &&
             check_lines(in, &report, &right);
    }
    if (ok && settings->json) {
        minilm_report_json(&report);
    } else if (ok) {
        minilm_report_text(&report);
    }
    encoder_close(&on);
    encoder_close(&off);
    if (ok && !right) {
        (void)fprintf(stderr, "minilm: an embedding differs by more than %g, or token ids do\n",
                      TOLERANCE);
    }
    return ok && right ? EXAMPLE_OK : EXAMPLE_FAILURE;
}

/* Reads the command line and the inputs, and runs. */
int main(int argc, char **argv)
{
    struct settings settings;
    struct inputs in;
    minilm_error error = {{0}};
    memset(&in, 0, sizeof(in));
    if (!read_settings(argc, argv, &settings)) {
        return EXAMPLE_USAGE;
    }
    if (settings.help) {
        (void)fputs(help_text, stdout);
        return EXAMPLE_OK;
    }
    int code = EXAMPLE_FAILURE;
    slip_status status = read_inputs(&settings, &in, &error);
    if (status != SLIP_OK) {
        (void)fprintf(stderr, "minilm: %s: %s\n", slip_status_name(status), error.text);
    } else {
        if (!settings.json) {
            printf("%u lines, %s, weights %.1f MB\n", in.lines.count, settings.common.platform,
                   (double)in.weights.block_bytes / 1e6);
        }
        code = run(&settings, &in);
    }
    free_inputs(&in);
    return code;
}
