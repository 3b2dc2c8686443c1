"""Compile the library's modules, for `cargo xtask profile`: what the stages from text to code do with ordinary source.

usage: python compile_library.py
"""
import importlib.util
import sys


def source(name):
    try:
        return importlib.util.find_spec(name).loader.get_source(name)
    except (ImportError, AttributeError, ValueError):
        return None


for name in sorted(sys.stdlib_module_names):
    if text := source(name):
        compile(text, name, "exec")
