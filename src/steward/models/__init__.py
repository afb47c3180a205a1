"""The zoo of models, their training and evaluation: arrays in, arrays and frozen values out; files hold numbers, never pickle."""
