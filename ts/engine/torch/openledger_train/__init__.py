"""Carries out OpenLedger training runs with torch; see docs/training.md."""
