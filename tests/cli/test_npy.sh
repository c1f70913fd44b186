# test_npy.sh - truncated and hostile .npy files: each is refused with what is wrong and where.
# ctest-labels: cli
. "$SLIPWAY_SOURCE_DIR/tests/cli/lib.sh"
scale=$programs/cli_scale.so
"$python" "$here/make_npy.py" make "$work"

# refuse NAME TEXT: the file is refused and the message holds the file's name and the text.
refuse() {
    run 1 run "$scale" --arg x="$work/$1.npy"
    err "--arg x: $work/$1.npy: "
    err "$2"
}

refuse empty "wanted at least 10 bytes of preamble, the file has 0"
refuse short_preamble "the file has 9"
refuse text "byte 0: wanted 0x93 of the .npy magic, found 0x74"
refuse version3 "byte 6: wanted version 1.0 or 2.0, found 3.0"
refuse short_header "byte 8: header length is 118; 30 bytes of the file are left"
refuse huge_header1 "byte 8: header length is 65535; 1 bytes of the file are left"
refuse huge_header2 "byte 8: header length is 4294967295"
refuse short_data "byte 128: shape 4x8 of f32 wants 128 bytes of elements, the file has 127"
refuse long_data "wants 128 bytes of elements, the file has 129"
refuse fortran "field fortran_order is True; wanted False"
refuse big_endian "field descr is '>f4'; wanted a little-endian type"
refuse objects "field descr is '|O'"
refuse huge_shape "shape 4294967295x4294967295x4294967295 of f32 wants"
refuse wide_shape "wanted a size of at most 4294967295 in field shape"
refuse negative "wanted a size in field shape, found '-' (0x2d)"
refuse zero_dims "wanted 1 to 5 dimensions in field shape"
refuse six_dims "wanted at most 5 dimensions in field shape"
refuse zero_size "wanted a size of at least 1 in field shape"
refuse not_a_tuple "wanted ',' after the only size in field shape"
refuse missing_key "header: field fortran_order is missing"
refuse twice "wanted each of the keys descr, fortran_order and shape once"
refuse other_key "wanted each of the keys descr, fortran_order and shape once"
refuse after "wanted nothing after '}'"
refuse unquoted "header byte 11: wanted a quoted string, found 'd' (0x64)"
refuse no_end "wanted ',' or '}', found the end of the header"
refuse nul "wanted a short string of printable characters, found ? (0x00)"
refuse absent "No such file or directory"
run 1 run "$scale" --arg x="$work"
err "wanted a regular file"
run 1 run "$scale" --arg x=/dev/null
err "wanted a regular file"
run 1 run "$scale" --golden y="$work/short_data.npy"
err "--golden y: $work/short_data.npy: byte 128"
finish
