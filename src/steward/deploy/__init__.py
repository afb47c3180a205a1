"""Gates turn evidence into a verdict; promotion moves the one pointer that says who is champion."""
