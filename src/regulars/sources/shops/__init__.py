"""Exports of shop systems."""
