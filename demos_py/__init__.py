"""The figures of Cutaway: their contract (core), their numerics (algorithms), one package a chapter."""
