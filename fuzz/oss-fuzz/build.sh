#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What OSS-Fuzz and ClusterFuzzLite run to build the targets: from $SRC/racerig
# in $WORK to $OUT, with $CC, $CXX, $CFLAGS, $CXXFLAGS, for $LIB_FUZZING_ENGINE
# (a flag or an archive) and $SANITIZER. It writes nowhere else.
set -euo pipefail

source=$SRC/racerig
build=$WORK/racerig-${FUZZING_ENGINE:-engine}-$SANITIZER

# CFLAGS, CXXFLAGS and LIB_FUZZING_ENGINE are read by CMake itself. No build
# type: how to optimise is in CFLAGS. No -Werror: it is another compiler's day.
cmake -S "$source" -B "$build" -G Ninja \
	-DCMAKE_C_COMPILER="$CC" \
	-DCMAKE_CXX_COMPILER="$CXX" \
	-DCMAKE_BUILD_TYPE=None \
	-DRACERIG_TESTS=OFF \
	-DRACERIG_WERROR=OFF
cmake --build "$build" --target fuzz_targets -j "$(nproc)"

for target in "$build"/fuzz/fuzz_*; do
	[[ -f $target && -x $target && $target != *.so ]] || continue
	name=${target##*/}
	cp "$target" "$OUT/"
	(
		cd "${target}_seed_corpus"
		cmake -E tar cf "$OUT/${name}_seed_corpus.zip" --format=zip -- *
	)
	if [[ -f $source/fuzz/$name.dict ]]; then
		cp "$source/fuzz/$name.dict" "$source/fuzz/$name.options" "$OUT/"
	else
		cp "$source/fuzz/family.options" "$OUT/$name.options"
	fi
done
