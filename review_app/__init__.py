"""Streamlit screens only."""
