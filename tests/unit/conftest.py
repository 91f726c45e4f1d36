"""Settings of the unit tests. Being here puts this folder on the path: `reference` and `strategies` are in it."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "cutaway",
    max_examples=50,
    deadline=None,  # a shared machine stalls now and then
    derandomize=True,  # the same cases each run; `--hypothesis-profile=wild` looks for new ones
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("wild", settings.get_profile("cutaway"), derandomize=False, print_blob=True)
settings.load_profile("cutaway")
