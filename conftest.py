"""Doctests import every module: those of the service want Django to be ready."""

from jifen.service.databases import start_django

start_django()
