# SPDX-License-Identifier: MIT
# Writes the bytes of IN as the initializer of a C array to OUT.

cmake_minimum_required(VERSION 3.25)

file(READ ${IN} hex HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,))"
  "\\1\n" bytes "${bytes}")
file(WRITE ${OUT} "${bytes}\n")
