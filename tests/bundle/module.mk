ready-bundle: sysroots
