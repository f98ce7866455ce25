"""onrecord's services and the chassis they stand on."""
