"""Having a run done by the calendar: systemd's units, or a line for cron where there is no systemd."""
