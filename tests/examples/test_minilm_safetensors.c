/*
 * test_minilm_safetensors.c - the model file reader refuses every file that is not the model.
 *
 * ctest-labels: unit
 *
 * Needs no model: files are written here, most of them wrong in one place. One thread.
 */
#include "../../examples/minilm/safetensors.c"
#include "../../examples/minilm/weights.c"
#include "minilm_temporary.h"

/* A file in memory. */
struct image {
    uint8_t bytes[1u << 20];
    size_t count;
};

static struct image image;
static minilm_error error;
static const safetensors_want want = {"w", 2, {2, 3}};

/* Makes a file of a header and so many bytes of data; byte i of the data is i. */
static void make(const char *header, size_t data_bytes)
{
    size_t header_bytes = strlen(header);
    for (uint32_t i = 0; i < 8; i++) {
        image.bytes[i] = (uint8_t)(header_bytes >> (8 * i));
    }
    memcpy(image.bytes + 8, header, header_bytes);
    for (size_t i = 0; i < data_bytes; i++) {
        image.bytes[8 + header_bytes + i] = (uint8_t)i;
    }
    image.count = 8 + header_bytes + data_bytes;
}

/* Opens the image and looks for `want`; error.text is set on failure. */
static slip_status open_and_find(uint8_t *data)
{
    temporary file = temporary_write(image.bytes, image.count);
    safetensors tensors;
    error.text[0] = '\0';
    slip_status status = safetensors_open(file.path, &tensors, &error);
    if (status == SLIP_OK) {
        const void *found = NULL;
        status = safetensors_find(&tensors, &want, &found, &error);
        if (status == SLIP_OK) {
            memcpy(data, found, 24);
        }
    }
    CHECK(status == SLIP_OK || error.text[0] != '\0');
    safetensors_close(&tensors);
    temporary_remove(&file);
    return status;
}

/* The header is refused, with a text that contains `part`. */
static void refused(const char *header, const char *part)
{
    uint8_t data[24];
    make(header, 24);
    CHECK_STATUS(SLIP_E_FORMAT, open_and_find(data));
    CHECK_CONTAINS(error.text, part);
}

/* A right file gives its data, wherever it lies. */
static void right_file_is_read(void)
{
    uint8_t data[24] = {0};
    make("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
         "\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[4,28]}}",
         28);
    CHECK_STATUS(SLIP_OK, open_and_find(data));
    for (uint32_t i = 0; i < 24; i++) {
        CHECK_EQ(4 + i, data[i]);
    }
}

/* Every cut of a right file is refused. */
static void every_truncation_is_refused(void)
{
    uint8_t data[24];
    make("{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}", 24);
    size_t whole = image.count;
    for (size_t bytes = 0; bytes < whole; bytes++) {
        image.count = bytes;
        CHECK_STATUS(SLIP_E_FORMAT, open_and_find(data));
    }
    CHECK_CONTAINS(error.text, "cut short");
}

/* A length field that no header can have. */
static void wrong_length_is_refused(void)
{
    static const uint64_t lengths[] = {0, 1, 1000, UINT64_C(1) << 62, UINT64_MAX, UINT64_MAX - 7};
    uint8_t data[24];
    for (uint32_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        make("{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}", 24);
        for (uint32_t b = 0; b < 8; b++) {
            image.bytes[b] = (uint8_t)(lengths[i] >> (8 * b));
        }
        CHECK_STATUS(SLIP_E_FORMAT, open_and_find(data));
        CHECK_CONTAINS(error.text, "length field");
    }
}

/* Headers that are no JSON object. */
static void wrong_header_is_refused(void)
{
    refused("not json at all", "JSON object");
    refused("[1, 2, 3]", "JSON object");
    refused("{\"w\":", "JSON object");
    refused("PK\003\004 a zip file", "JSON object");
}

/* A header nested deeper than any real one does not exhaust the stack. */
static void deep_header_is_refused(void)
{
    static char header[500001];
    memset(header, '[', sizeof(header) - 1);
    refused(header, "JSON object");
}

/* A right file of another model. */
static void another_model_is_refused(void)
{
    refused("{}", "wanted tensor w");
    refused("{\"W\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}", "wanted tensor");
    refused("{\"w\":17}", "wanted tensor w");
    refused("{\"w\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[0,24]}}", "wanted type");
    refused("{\"w\":{\"shape\":[2,3],\"data_offsets\":[0,24]}}", "wanted type F32, found none");
    refused("{\"w\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[0,24]}}",
            "wanted shape [2, 3], found [3,2]");
    refused("{\"w\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[0,24]}}", "wanted shape");
    refused("{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3,1],\"data_offsets\":[0,24]}}",
            "wanted shape");
    refused("{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,24]}}", "found none");
    refused("{\"w\":{\"dtype\":\"F32\",\"shape\":[2,\"3\"],\"data_offsets\":[0,24]}}", "shape");
}

/* Offsets that leave the file, or do not fit the shape. */
static void wrong_offsets_are_refused(void)
{
    static const char *const offsets[] = {"[4,28]",
                                          "[0,23]",
                                          "[24,0]",
                                          "[-24,0]",
                                          "[0.5,24.5]",
                                          "[0]",
                                          "[0,24,48]",
                                          "\"0,24\"",
                                          "[1e300,1e300]",
                                          "[0,1e300]",
                                          "[null,null]",
                                          "[true,24]",
                                          "[1e999,1e999]",
                                          "[1e18,1e18]",
                                          "{}",
                                          "[1000,1024]",
                                          "[\"0\",24]",
                                          "[0,-0.5]",
                                          "[9e15,9000000000000024]"};
    uint8_t data[24];
    char header[256];
    for (uint32_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        (void)snprintf(header, sizeof(header),
                       "{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":%s}}",
                       offsets[i]);
        make(header, 24);
        CHECK_STATUS(SLIP_E_FORMAT, open_and_find(data));
        CHECK_CONTAINS(error.text, "tensor w");
    }
}

/* Files that cannot be read are another error than files of a wrong content. */
static void unreadable_files_are_named(void)
{
    safetensors tensors;
    CHECK_STATUS(SLIP_E_FILE, safetensors_open("/tmp/slipway-no-such-file", &tensors, &error));
    CHECK_CONTAINS(error.text, "/tmp/slipway-no-such-file");
    CHECK_STATUS(SLIP_E_FILE, safetensors_open("/tmp", &tensors, &error));
    CHECK_CONTAINS(error.text, "regular file");
    safetensors_close(&tensors);
}

/* The weights of a small right file are not the model's. */
static void weights_want_all_tensors(void)
{
    make("{\"embeddings.word_embeddings.weight\":"
         "{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}",
         24);
    temporary file = temporary_write(image.bytes, image.count);
    minilm_weights weights;
    CHECK_STATUS(SLIP_E_FORMAT, minilm_weights_load(file.path, &weights, &error));
    CHECK_CONTAINS(error.text, "wanted shape [30522, 384], found [2,3]");
    CHECK(weights.block == NULL);
    minilm_weights_free(&weights);
    temporary_remove(&file);
}

/* Every weight has a place of its own, on a cache line. */
static void weights_do_not_overlap(void)
{
    minilm_weights weights = {0};
    lay_out(&weights);
    for (uint32_t i = 0; i < MINILM_WEIGHTS; i++) {
        uint64_t end = i + 1 < MINILM_WEIGHTS ? weights.offset[i + 1] : weights.block_bytes;
        CHECK_EQ(0, weights.offset[i] % 64);
        CHECK(weights.offset[i] + element_count(&weights.want[i]) * sizeof(float) <= end);
    }
}

/* The folder: the argument, the environment, the home folder. */
static void folder_is_found(void)
{
    char text[64];
    CHECK(setenv("SLIPWAY_MODEL_DIR", "/from/variable", 1) == 0);
    CHECK(setenv("HOME", "/home/someone", 1) == 0);
    CHECK_STR("/given", minilm_model_folder("/given", text, sizeof(text)));
    CHECK_STR("/from/variable", minilm_model_folder(NULL, text, sizeof(text)));
    CHECK(unsetenv("SLIPWAY_MODEL_DIR") == 0);
    CHECK_STR("/home/someone/.cache/slipway", minilm_model_folder("", text, sizeof(text)));
    CHECK(minilm_model_folder(NULL, text, 8) == NULL);
    CHECK(unsetenv("HOME") == 0);
    CHECK(minilm_model_folder(NULL, text, sizeof(text)) == NULL);
    CHECK_STATUS(SLIP_OK, minilm_model_file("/a", "b", text, sizeof(text)));
    CHECK_STR("/a/b", text);
    CHECK_STATUS(SLIP_E_LIMIT, minilm_model_file("/a", "b", text, 4));
}

/* Runs all cases. */
int main(void)
{
    CHECK_CASE(right_file_is_read);
    CHECK_CASE(every_truncation_is_refused);
    CHECK_CASE(wrong_length_is_refused);
    CHECK_CASE(wrong_header_is_refused);
    CHECK_CASE(deep_header_is_refused);
    CHECK_CASE(another_model_is_refused);
    CHECK_CASE(wrong_offsets_are_refused);
    CHECK_CASE(unreadable_files_are_named);
    CHECK_CASE(weights_want_all_tensors);
    CHECK_CASE(weights_do_not_overlap);
    CHECK_CASE(folder_is_found);
    return check_report();
}
