"""What is wrong, who has it, who must know? alerts, status page."""
