"""LightGBM, calibration, SHAP reasons, evaluation and the MLflow registry."""
