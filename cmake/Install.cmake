# Rooms are installed as libraries with their headers and a package config, beside the program.
include(CMakePackageConfigHelpers)
